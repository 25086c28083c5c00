/// A label selector as Kubernetes writes it in a query, such as `app=web,tier in (a,b),!old`.
///
/// Source: Kubernetes documentation, "Labels and Selectors". The operators `>` and `<` are for nodes only.
struct LabelSelector: Sendable, Hashable {
    private enum Requirement: Sendable, Hashable {
        case oneOf(String, Set<String>)
        /// Also matches an object without the label.
        case noneOf(String, Set<String>)
        case exists(String)
        case missing(String)
    }

    static let everything = LabelSelector(requirements: [])

    private let requirements: [Requirement]

    private init(requirements: [Requirement]) {
        self.requirements = requirements
    }

    init(parsing text: String) throws(ConfigFault) {
        guard text.utf8.count <= KubernetesLimits.maxSelectorBytes else {
            throw ConfigFault("must be at most \(KubernetesLimits.maxSelectorBytes) bytes")
        }
        var requirements: [Requirement] = []
        for part in Self.split(text) {
            guard let requirement = Self.requirement(part) else {
                throw ConfigFault(
                    "has \"\(part)\", which is not a label selector such as app=web, tier in (a,b), !old or env!=test")
            }
            requirements.append(requirement)
        }
        guard requirements.count <= KubernetesLimits.maxRequirements else {
            throw ConfigFault("must have at most \(KubernetesLimits.maxRequirements) requirements")
        }
        self.requirements = requirements
    }

    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .oneOf(let key, let values): labels[key].map(values.contains) ?? false
            case .noneOf(let key, let values): labels[key].map { !values.contains($0) } ?? true
            case .exists(let key): labels[key] != nil
            case .missing(let key): labels[key] == nil
            }
        }
    }

    /// Splits at commas outside of parentheses.
    private static func split(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index].trimmed)
                start = text.index(after: index)
            default: break
            }
        }
        parts.append(text[start...].trimmed)
        return parts == [""] ? [] : parts
    }

    private static func requirement(_ text: Substring) -> Requirement? {
        if text.hasPrefix("!") { return key(text.dropFirst().trimmed).map(Requirement.missing) }
        if let mark = text.firstIndex(of: "=") {
            let isNegative = text[..<mark].hasSuffix("!")
            let name = isNegative ? text[..<mark].dropLast() : text[..<mark]
            let rest = text[text.index(after: mark)...]
            guard let key = key(name.trimmed),
                let value = value(rest.hasPrefix("=") && !isNegative ? rest.dropFirst() : rest)
            else { return nil }
            return isNegative ? .noneOf(key, [value]) : .oneOf(key, [value])
        }
        guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else {
            return key(text).map(Requirement.exists)
        }
        let words = text[..<open].split(whereSeparator: \.isWhitespace)
        let values = text[text.index(after: open)...].dropLast().split(separator: ",", omittingEmptySubsequences: false)
            .map(value)
        guard words.count == 2, let key = key(words[0]), !values.contains(nil) else { return nil }
        let set = Set(values.compactMap(\.self))
        switch words[1] {
        case "in": return .oneOf(key, set)
        case "notin": return .noneOf(key, set)
        default: return nil
        }
    }

    private static let maxPrefixBytes = 253
    private static let maxNameBytes = 63

    /// Returns a label's name with its optional prefix; nil if it is malformed.
    private static func key(_ text: Substring) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, !name.isEmpty, isValue(name) else { return nil }
        if parts.count == 2 {
            let isPrefix =
                !parts[0].isEmpty && parts[0].utf8.count <= maxPrefixBytes
                && parts[0].utf8.allSatisfy { $0.isLabelCharacter && $0 != UInt8(ascii: "_") }
            guard isPrefix else { return nil }
        }
        return String(text)
    }

    private static func value(_ text: Substring) -> String? {
        let value = text.trimmed
        return isValue(value) ? String(value) : nil
    }

    /// Whether the text is empty, or begins and ends with a letter or digit.
    private static func isValue(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        return text.utf8.count <= maxNameBytes && text.utf8.allSatisfy(\.isLabelCharacter)
            && first.isAlphanumeric && last.isAlphanumeric
    }
}

extension Substring {
    /// The text without the blanks at both ends.
    var trimmed: Substring {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return text
    }
}

extension UInt8 {
    fileprivate var isAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    fileprivate var isLabelCharacter: Bool {
        isAlphanumeric || self == UInt8(ascii: "-") || self == UInt8(ascii: "_") || self == UInt8(ascii: ".")
    }
}
