import Operator
import ScalerAPI
import WireFormats
import YAMLFormat

/// The GeneralScalers and ScalingBudgets in a file, and objects that are probably meant to be one.
///
/// Lists are expanded, as by kubectl. An object that kubectl would refuse is reported, because it may be meant to be a
/// GeneralScaler.
struct ManifestObjects {
    struct Problem {
        let document: YAMLFile.Document
        let error: JSONPathError
    }

    private(set) var scalers: [YAMLFile.Document] = []
    private(set) var budgets: [YAMLFile.Document] = []
    private(set) var problems: [Problem] = []
    /// Objects of other kinds.
    private(set) var others: [YAMLFile.Document] = []

    private static let group = String(GeneralScaler.apiVersion.prefix { $0 != "/" })
    private static let listKind = "\(GeneralScaler.kind)List"
    /// Accepted spellings of the kind, in lower case.
    private static let namesOfKind: Set = ["generalscaler", "generalscalers", "generalscalerlist"]

    init(_ documents: [YAMLFile.Document]) {
        for document in documents { add(document, itemOf: nil) }
    }

    private enum List {
        /// `kind: List`, whose items have their own types.
        case any
        /// A typed list: the type of items without one, and whether they are GeneralScalers.
        case of(apiVersion: String, kind: String, isOurs: Bool)
    }

    private mutating func add(_ document: YAMLFile.Document, itemOf list: List?) {
        do throws(JSONPathError) {
            guard document.json.objectValue != nil else {
                throw JSONPathError(
                    path: "", message: "must be an object with apiVersion and kind, not \(document.json.shapeName)")
            }
            try add(Self.typed(document, list), isItem: list != nil)
        } catch {
            // Items of another kind's list are ignored unless they look like GeneralScalers.
            if case .of(_, _, isOurs: false)? = list {
                others.append(document)
            } else {
                problems.append(Problem(document: document, error: error))
            }
        }
    }

    private static func typed(_ document: YAMLFile.Document, _ list: List?) -> YAMLFile.Document {
        guard case .of(let apiVersion, let kind, _)? = list else { return document }
        return document.withDefaults(["apiVersion": .string(apiVersion), "kind": .string(kind)])
    }

    private mutating func add(_ document: YAMLFile.Document, isItem: Bool) throws(JSONPathError) {
        let reader = JSONReader(document.json)
        let apiVersion = try reader.required("apiVersion").nonEmptyString()
        let kind = try reader.required("kind").nonEmptyString()
        let isOurGroup = apiVersion.prefix { $0 != "/" }.trimmingBlanks().lowercased() == Self.group
        if isOurGroup, kind == GeneralScaler.kind { return scalers.append(document) }
        if isOurGroup, kind == ScalingBudget.kind { return budgets.append(document) }
        let list: List
        if isOurGroup {
            guard kind == Self.listKind else {
                throw JSONPathError(
                    path: "kind",
                    message: "must be \(GeneralScaler.kind) or \(ScalingBudget.kind), not \(kind.shortened)")
            }
            guard apiVersion == GeneralScaler.apiVersion else { throw Self.wrongVersion }
            list = .of(apiVersion: apiVersion, kind: GeneralScaler.kind, isOurs: true)
        } else if Self.namesOfKind.contains(kind.trimmingBlanks().lowercased()) {
            throw Self.wrongVersion
        } else if apiVersion == "v1", kind != "List", kind.trimmingBlanks().lowercased() == "list" {
            throw JSONPathError(path: "kind", message: "must be List, not \(kind.shortened)")
        } else if kind == "List" {
            guard apiVersion == "v1" else {
                throw JSONPathError(path: "apiVersion", message: "must be v1 for kind List")
            }
            list = .any
        } else if kind.hasSuffix("List"), document.elements(of: "items") != nil {
            list = .of(apiVersion: apiVersion, kind: String(kind.dropLast("List".count)), isOurs: false)
        } else {
            return others.append(document)
        }
        guard !isItem else {
            throw JSONPathError(
                path: "kind", message: "must not be a list inside of a list, which kubectl does not open")
        }
        try addItems(document, list)
    }

    private mutating func addItems(_ document: YAMLFile.Document, _ list: List) throws(JSONPathError) {
        let items = try JSONReader(document.json).required("items")
        guard let elements = document.elements(of: "items") else {
            throw items.error("must be an array, not \(items.value.shapeName)")
        }
        for element in elements { add(element, itemOf: list) }
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
    /// The text shortened for a message.
    fileprivate var shortened: String { "\"\(prefix(64))\"" }
}
