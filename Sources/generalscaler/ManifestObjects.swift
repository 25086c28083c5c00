import Operator
import WireFormats
import YAMLFormat

/// The objects of a file as far as they are of interest here: GeneralScalers, and what is probably meant to be one.
///
/// Lists are opened, as kubectl does. What kubectl would refuse to send anywhere is a problem: it may have been meant for us.
struct ManifestObjects {
    struct Problem {
        let document: YAMLFile.Document
        let error: JSONPathError
    }

    private(set) var scalers: [YAMLFile.Document] = []
    private(set) var problems: [Problem] = []
    /// Objects of other kinds.
    private(set) var others = 0

    private static let group = String(GeneralScaler.apiVersion.prefix { $0 != "/" })
    private static let listKind = "\(GeneralScaler.kind)List"
    /// What somebody writes who means the kind, in lower case.
    private static let namesOfKind: Set = ["generalscaler", "generalscalers", "generalscalerlist"]
    /// Lists inside of lists.
    private static let maxDepth = 16

    init(_ documents: [YAMLFile.Document]) {
        for document in documents { add(document, itemOf: nil, depth: 1) }
    }

    /// The type that a list gives those of its items that have none.
    private struct ItemType {
        let apiVersion: String
        let kind: String
        /// Whether the list is known to be about GeneralScalers, or about anything.
        let isOurs: Bool
    }

    private mutating func add(_ document: YAMLFile.Document, itemOf list: ItemType?, depth: Int) {
        do throws(JSONPathError) {
            let reader = JSONReader(document.json)
            guard document.json.objectValue != nil else {
                throw reader.error("must be an object with apiVersion and kind, not \(document.json.shapeName)")
            }
            let apiVersion = try Self.text("apiVersion", of: reader, else: list?.apiVersion)
            let kind = try Self.text("kind", of: reader, else: list?.kind)
            try add(document, apiVersion: apiVersion, kind: kind, depth: depth)
        } catch {
            // What is in a list of another kind is none of our business, as long as it does not look like ours.
            if list?.isOurs == false { others += 1 } else { problems.append(Problem(document: document, error: error)) }
        }
    }

    private mutating func add(
        _ document: YAMLFile.Document, apiVersion: String, kind: String, depth: Int
    ) throws(JSONPathError) {
        let isOurGroup = apiVersion.prefix { $0 != "/" }.trimmingBlanks().lowercased() == Self.group
        if isOurGroup, kind == GeneralScaler.kind {
            return scalers.append(document)
        }
        if isOurGroup, kind == Self.listKind {
            guard apiVersion == GeneralScaler.apiVersion else { throw Self.wrongVersion }
            return try addItems(
                document, ItemType(apiVersion: apiVersion, kind: GeneralScaler.kind, isOurs: true), depth: depth)
        }
        guard !isOurGroup else {
            throw JSONPathError(path: "kind", message: "must be \(GeneralScaler.kind), not \(kind.shortened)")
        }
        guard !Self.namesOfKind.contains(kind.trimmingBlanks().lowercased()) else { throw Self.wrongVersion }
        if kind == "List" {
            guard apiVersion == "v1" else {
                throw JSONPathError(path: "apiVersion", message: "must be v1 for kind List")
            }
            return try addItems(document, nil, depth: depth)
        }
        guard let items = document.elements(of: "items"), !items.isEmpty else {
            others += 1
            return
        }
        let item = kind.hasSuffix("List") ? String(kind.dropLast("List".count)) : kind
        try addItems(document, ItemType(apiVersion: apiVersion, kind: item, isOurs: false), depth: depth)
    }

    private mutating func addItems(
        _ document: YAMLFile.Document, _ type: ItemType?, depth: Int
    ) throws(JSONPathError) {
        guard depth < Self.maxDepth else {
            throw JSONPathError(path: "items", message: "has lists inside of more than \(Self.maxDepth) lists")
        }
        let items = try JSONReader(document.json).required("items")
        guard let elements = document.elements(of: "items") else {
            throw items.error("must be an array, not \(items.value.shapeName)")
        }
        for element in elements { add(element, itemOf: type, depth: depth + 1) }
    }

    private static func text(
        _ member: String, of reader: JSONReader, else inherited: String?
    ) throws(JSONPathError) -> String {
        if let inherited, try reader.optional(member) == nil { return inherited }
        return try reader.required(member).nonEmptyString()
    }

    private static var wrongVersion: JSONPathError {
        JSONPathError(path: "apiVersion", message: "must be \(GeneralScaler.apiVersion)")
    }
}

extension StringProtocol {
    fileprivate func trimmingBlanks() -> String {
        let isBlank: (Character) -> Bool = \.isWhitespace
        return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}

extension String {
    /// For a message.
    fileprivate var shortened: String { "\"\(prefix(64))\"" }
}
