/// The syntax of a name: the patterns of the resource's schema, for API servers that do not check them and for checks
/// without an API server.
struct NameRule: Sendable {
    private let first: CharacterSet
    private let inner: CharacterSet
    private let last: CharacterSet
    private let maximumLength: Int
    /// A description of the rule for messages.
    let words: String

    /// Sets of ASCII characters.
    private struct CharacterSet: OptionSet {
        let rawValue: Int
        static let lower = CharacterSet(rawValue: 1)
        static let upper = CharacterSet(rawValue: 2)
        static let digit = CharacterSet(rawValue: 4)
        static let hyphen = CharacterSet(rawValue: 8)
        static let dot = CharacterSet(rawValue: 16)
        static let underscore = CharacterSet(rawValue: 32)

        init(rawValue: Int) { self.rawValue = rawValue }

        /// The set of the character; empty for one that is not allowed in any name.
        init(of character: UInt8) {
            switch character {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): self = .lower
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .upper
            case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .digit
            case UInt8(ascii: "-"): self = .hyphen
            case UInt8(ascii: "."): self = .dot
            case UInt8(ascii: "_"): self = .underscore
            default: self = []
            }
        }

        func has(_ character: UInt8) -> Bool {
            let set = CharacterSet(of: character)
            return !set.isEmpty && isSuperset(of: set)
        }
    }

    static let object = NameRule(
        first: [.lower, .digit], inner: [.lower, .digit, .hyphen, .dot], last: [.lower, .digit], maximumLength: 253,
        words: "lower-case letters, digits, hyphens and dots, with a letter or digit at each end"
    )
    static let namespace = NameRule(
        first: [.lower, .digit], inner: [.lower, .digit, .hyphen], last: [.lower, .digit], maximumLength: 63,
        words: "at most 63 lower-case letters, digits and hyphens, with a letter or digit at each end"
    )
    static let kind = NameRule(
        first: [.lower, .upper], inner: [.lower, .upper, .digit, .hyphen], last: [.lower, .upper, .digit],
        maximumLength: 63, words: "letters, digits and hyphens, such as StatefulSet"
    )
    static let version = NameRule(
        first: .lower, inner: [.lower, .digit, .hyphen], last: [.lower, .digit], maximumLength: 63,
        words: "a version such as v1, or a group and a version such as apps/v1"
    )
    static let metricType = NameRule(
        first: [.lower, .digit], inner: [.lower, .digit, .hyphen], last: [.lower, .digit], maximumLength: 63,
        words: "lower-case letters, digits and hyphens, such as prometheus"
    )
    static let metricName = NameRule(
        first: [.lower, .upper, .digit], inner: [.lower, .upper, .digit, .hyphen, .dot, .underscore],
        last: [.lower, .upper, .digit], maximumLength: 63,
        words: "letters, digits, hyphens, dots and underscores, with a letter or digit at each end"
    )

    func allows(_ name: some StringProtocol) -> Bool {
        let bytes = Array(name.utf8)
        guard let start = bytes.first, let end = bytes.last, bytes.count <= maximumLength else { return false }
        return first.has(start) && last.has(end) && bytes.allSatisfy(inner.has)
    }
}
