package import WireFormats
import Yams

/// Writes JSON as YAML in block style, with sorted keys.
package enum YAMLText {
    /// Strings that YAML would read as another type are quoted.
    package static func text(_ json: JSON) -> String {
        // libyaml fails only on text that is not valid Unicode, which a String never is.
        (try? Yams.serialize(node: node(json), width: -1, allowUnicode: true)) ?? "\(json)\n"
    }

    private static func node(_ json: JSON) -> Node {
        switch json {
        case .object(let members):
            let pairs = members.sorted { $0.key < $1.key }.map { (node(.string($0.key)), node($0.value)) }
            return Node(pairs, .implicit, .block)
        case .array(let elements):
            return Node(elements.map(node), .implicit, .block)
        case .string(let text):
            return scalar(text)
        default:
            return Node(json.description, .implicit, .plain)
        }
    }

    /// Quotes what YAML 1.1 or 1.2 reads as a number, a boolean or null, and what has a special meaning.
    private static func scalar(_ text: String) -> Node {
        let isPlain = text.first?.isLetter == true && !reserved.contains(text.lowercased())
        return Node(text, Tag(.str), isPlain ? .any : .doubleQuoted)
    }

    private static let reserved: Set<String> = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"]
}
