import JSONPath

/// Which series of a Prometheus answer a config means: a name and label matchers, as in PromQL.
///
/// Source: https://prometheus.io/docs/prometheus/latest/querying/basics/#instant-vector-selectors
struct SeriesSelector: Sendable {
    private enum Condition: Sendable {
        case equal(String)
        case matches(IRegexp)
    }

    private struct Matcher: Sendable {
        let label: String
        let condition: Condition
        let isNegated: Bool
    }

    let name: String
    private let matchers: [Matcher]

    init(parsing text: String) throws(ConfigFault) {
        guard text.utf8.count <= HTTPSourceLimits.maxSelector else {
            throw ConfigFault("must be at most \(HTTPSourceLimits.maxSelector) characters")
        }
        var scanner = SelectorScanner(text)
        var name = scanner.word(colons: true)
        var matchers: [Matcher] = []
        if scanner.take("{") {
            while !scanner.take("}") {
                if name == nil, matchers.isEmpty, let quoted = try scanner.quoted() {
                    // A name with other characters is written in braces.
                    name = quoted
                } else {
                    matchers.append(try Self.matcher(&scanner))
                }
                guard scanner.take(",") || scanner.isNext("}") else { throw scanner.fault("expected , or }") }
            }
        }
        guard scanner.isAtEnd else { throw scanner.fault("expected {, as in name{label=\"value\"}") }
        guard let name, !name.isEmpty else { throw scanner.fault("must begin with the metric's name") }
        self.name = name
        self.matchers = matchers
    }

    private static func matcher(_ scanner: inout SelectorScanner) throws(ConfigFault) -> Matcher {
        var name = scanner.word(colons: false)
        if name == nil { name = try scanner.quoted() }
        guard let label = name else { throw scanner.fault("expected a label") }
        guard let symbol = ["!=", "=~", "!~", "="].first(where: { scanner.take($0) }) else {
            throw scanner.fault("expected =, !=, =~ or !~")
        }
        guard let value = try scanner.quoted() else { throw scanner.fault("expected a value in double quotes") }
        guard symbol.hasSuffix("~") else {
            return Matcher(label: label, condition: .equal(value), isNegated: symbol == "!=")
        }
        do throws(IRegexpSyntaxError) {
            let pattern = try IRegexp(parsing: value)
            return Matcher(label: label, condition: .matches(pattern), isNegated: symbol == "!~")
        } catch {
            throw ConfigFault("has a pattern that is not an I-Regexp (RFC 9485): \(error)")
        }
    }

    /// A label that a series lacks is empty.
    func matches(_ sample: ExpositionSample) -> Bool {
        matchers.allSatisfy { matcher in
            let value = sample.labels[matcher.label] ?? ""
            let isMatch =
                switch matcher.condition {
                case .equal(let expected): value.utf8.elementsEqual(expected.utf8)
                case .matches(let pattern): pattern.matches(whole: value)
                }
            return isMatch != matcher.isNegated
        }
    }
}

/// Reads the words of a selector, without the blanks between them.
private struct SelectorScanner {
    private let characters: [Unicode.Scalar]
    private var index = 0

    init(_ text: String) {
        characters = Array(text.unicodeScalars)
    }

    private mutating func skipBlanks() {
        while index < characters.count, [" ", "\t", "\n", "\r"].contains(characters[index]) { index += 1 }
    }

    var isAtEnd: Bool {
        mutating get {
            skipBlanks()
            return index == characters.count
        }
    }

    mutating func isNext(_ text: String) -> Bool {
        skipBlanks()
        return characters[index...].starts(with: text.unicodeScalars)
    }

    mutating func take(_ text: String) -> Bool {
        guard isNext(text) else { return false }
        index += text.unicodeScalars.count
        return true
    }

    /// Takes a name of a metric or a label, or nothing.
    mutating func word(colons: Bool) -> String? {
        skipBlanks()
        var word = String.UnicodeScalarView()
        while index < characters.count {
            switch characters[index] {
            case "a"..."z", "A"..."Z", "_": break
            case "0"..."9" where !word.isEmpty: break
            case ":" where colons: break
            default: return word.isEmpty ? nil : String(word)
            }
            word.append(characters[index])
            index += 1
        }
        return word.isEmpty ? nil : String(word)
    }

    /// Takes a text in double quotes, or nothing.
    mutating func quoted() throws(ConfigFault) -> String? {
        guard take("\"") else { return nil }
        var text = String.UnicodeScalarView()
        while index < characters.count {
            let character = characters[index]
            index += 1
            if character == "\"" { return String(text) }
            guard character == "\\" else {
                text.append(character)
                continue
            }
            guard index < characters.count else { break }
            switch characters[index] {
            case "n": text.append("\n")
            case "\\", "\"": text.append(characters[index])
            default: throw fault("unknown escape: known are \\\\, \\\" and \\n")
            }
            index += 1
        }
        throw fault("the text in quotes has no end")
    }

    func fault(_ message: String) -> ConfigFault {
        ConfigFault("is not a valid series selector: \(message) (at character \(index + 1))")
    }
}
