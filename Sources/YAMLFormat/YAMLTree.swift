package import Yams

/// Composes YAML with Yams, which hashes every key of a mapping, including everything that aliases in a key refer to:
/// nine lines of nested aliases take minutes. A key therefore has to be a literal scalar. This is checked before any
/// alias is expanded, in the same text with a scalar in place of each alias.
package enum YAMLTree {
    /// Returns the single document of a text; nil if it has none.
    package static func compose(_ text: String) throws(YAMLDocument.Failure) -> Node? {
        let documents = try composeAll(text)
        guard documents.count <= 1 else {
            throw YAMLDocument.Failure(
                "is not valid YAML", line: documents[1].mark?.line ?? 1, detail: "a second document")
        }
        return documents.first
    }

    /// The maximum bytes of a text. Its tree takes up to two hundred times as much memory.
    package static let maxBytes = 1 << 20

    /// Returns the first document of a text; nil if it has none. The rest is not parsed.
    package static func composeFirst(_ text: String) throws(YAMLDocument.Failure) -> Node? {
        try composeAll(text, atMost: 1).first
    }

    /// Returns all documents. A byte order mark at the start is ignored.
    package static func composeAll(_ text: String, atMost count: Int = .max) throws(YAMLDocument.Failure) -> [Node] {
        guard text.utf8.count <= maxBytes else {
            throw YAMLDocument.Failure("is longer than \(maxBytes) bytes")
        }
        let text = text.unicodeScalars.first == byteOrderMark ? String(text.unicodeScalars.dropFirst()) : text
        guard text.unicodeScalars.contains(byteOrderMark), !scalarsForAliases(text).hasAliases,
            let standIn = unusedCharacter(text)
        else { return try composeMarkless(text, atMost: count) }
        let marked = text.replacing(String(byteOrderMark), with: String(standIn))
        return try composeMarkless(marked, atMost: count).map { restoringMarks($0, standIn) }
    }

    private static func composeMarkless(_ text: String, atMost count: Int) throws(YAMLDocument.Failure) -> [Node] {
        let (scalars, hasAliases) = scalarsForAliases(text)
        let tree = try parse(scalars, atMost: count)
        for document in tree { try checkKeys(document) }
        return hasAliases ? try parse(text, atMost: count) : tree
    }

    private static func parse(_ text: String, atMost count: Int) throws(YAMLDocument.Failure) -> [Node] {
        var documents: [Node] = []
        do {
            let parser = try Parser(yaml: text)
            while documents.count < count, let document = try parser.nextRoot() { documents.append(document) }
        } catch let error as YamlError {
            throw failure(error, text)
        } catch {
            throw YAMLDocument.Failure("is not valid YAML")
        }
        return documents
    }

    // MARK: Byte order marks

    private static let byteOrderMark: Unicode.Scalar = "\u{FEFF}"

    /// Returns a character that replaces byte order marks inside a text, because Yams loses one at the start of a
    /// scalar. Restoring them walks the tree, which has a limit only without aliases.
    private static func unusedCharacter(_ text: String) -> Character? {
        let used = Set(text.unicodeScalars)
        let unused = (UInt32(0xE001)...0xF8FF).lazy.compactMap(Unicode.Scalar.init).first { !used.contains($0) }
        return unused.map(Character.init)
    }

    private static func restoringMarks(_ node: Node, _ standIn: Character) -> Node {
        switch node {
        case .scalar(var scalar):
            scalar.string = scalar.string.replacing(String(standIn), with: String(byteOrderMark))
            return .scalar(scalar)
        case .sequence(let sequence):
            let elements = sequence.map { restoringMarks($0, standIn) }
            return .sequence(Node.Sequence(elements, sequence.tag, sequence.style, sequence.mark))
        case .mapping(let mapping):
            let pairs = mapping.map { (restoringMarks($0.key, standIn), restoringMarks($0.value, standIn)) }
            return .mapping(Node.Mapping(pairs, mapping.tag, mapping.style, mapping.mark))
        case .alias: return node
        }
    }

    // MARK: Aliases

    /// The replacement of the asterisk: a character that is valid in a scalar and not used in keys.
    private static let aliasMark: Character = "\u{E000}"

    private static func scalarsForAliases(_ text: String) -> (text: String, hasAliases: Bool) {
        var bytes: [UInt8] = []
        var hasAliases = false
        var rest = Array(text.utf8)[...]
        while let star = rest.firstIndex(of: UInt8(ascii: "*")) {
            bytes += rest[..<star]
            rest = rest[(star + 1)...]
            if let next = rest.first, isOfAnchor(next) {
                hasAliases = true
                bytes += Array(String(aliasMark).utf8)
            } else {
                bytes.append(UInt8(ascii: "*"))
            }
        }
        return hasAliases ? (String(decoding: bytes + rest, as: UTF8.self), true) : (text, false)
    }

    private static func isOfAnchor(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private static func checkKeys(_ node: Node) throws(YAMLDocument.Failure) {
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                guard let scalar = key.scalar, scalar.style != .plain || scalar.string.first != aliasMark else {
                    throw YAMLScalar.invalidKey(key, line: key.mark?.line ?? 1)
                }
                try checkKeys(value)
            }
        case .sequence(let sequence):
            for element in sequence { try checkKeys(element) }
        case .scalar, .alias: break
        }
    }

    private static func failure(_ error: YamlError, _ text: String) -> YAMLDocument.Failure {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            YAMLDocument.Failure("is not valid YAML", line: mark.line, detail: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            YAMLDocument.Failure(
                "is not valid YAML", line: context.mark.line, detail: "repeated keys: \(named(keys))")
        case .reader(let problem, _, _, _):
            unreadable(text) ?? YAMLDocument.Failure("is not valid YAML", detail: problem)
        default: YAMLDocument.Failure("is not valid YAML")
        }
    }

    /// Returns the error for a character that YAML does not allow.
    private static func unreadable(_ text: String) -> YAMLDocument.Failure? {
        var line = 1
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: line += 1
            case 0x09, 0x0D, 0x85: break
            case 0:
                return YAMLDocument.Failure(
                    "is not valid YAML", line: line, detail: "a NUL byte; if this is text in UTF-16, save it as UTF-8")
            case 0x01..<0x20, 0x7F..<0xA0:
                let code = String(scalar.value, radix: 16, uppercase: true)
                return YAMLDocument.Failure(
                    "is not valid YAML", line: line, detail: "the control character U+\(code); remove it")
            default: break
            }
        }
        return nil
    }

    /// The number of keys in a message, and of characters of each.
    private static let namedKeys = 5
    private static let namedKeyCharacters = 64

    private static func named(_ keys: [String]) -> String {
        let names = keys.sorted().prefix(namedKeys).map { String($0.unicodeScalars.prefix(namedKeyCharacters)) }
        return names.joined(separator: ", ") + (keys.count > namedKeys ? ", …" : "")
    }
}
