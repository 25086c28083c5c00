import WireFormats

/// Recursive descent over the characters of a query.
///
/// Source: RFC 9535, appendix A. White space within the brackets of a singular query is allowed, as everywhere else in
/// brackets.
struct JSONPathParser {
    let scalars: [Unicode.Scalar]
    var index = 0
    var nesting = 0
    var invalidPatterns: [IRegexpSyntaxError] = []

    init(_ text: String) {
        scalars = Array(text.unicodeScalars.prefix(JSONPathLimits.maxQueryLength + 1))
    }

    mutating func query() throws(JSONPathSyntaxError) -> [PathSegment] {
        guard scalars.count <= JSONPathLimits.maxQueryLength else {
            throw error("a query has at most \(JSONPathLimits.maxQueryLength) characters")
        }
        guard take("$") else { throw error("a query begins with $") }
        let segments = try segments()
        guard index == scalars.count else { throw error("expected a segment: .name, ..name or [selector]") }
        return segments
    }

    // MARK: Segments and selectors

    mutating func segments() throws(JSONPathSyntaxError) -> [PathSegment] {
        var segments: [PathSegment] = []
        while true {
            let start = index
            skipBlanks()
            guard let segment = try segment() else {
                index = start
                return segments
            }
            segments.append(segment)
        }
    }

    private mutating func segment() throws(JSONPathSyntaxError) -> PathSegment? {
        if current == "[" { return PathSegment(selectors: try bracketed()) }
        guard take(".") else { return nil }
        let isDescendant = take(".")
        if isDescendant, current == "[" { return PathSegment(isDescendant: true, selectors: try bracketed()) }
        if take("*") { return PathSegment(isDescendant: isDescendant, selectors: [.wildcard]) }
        guard let first = current, Self.isNameStart(first) else {
            throw error("expected a name or * after the dot; other names are written ['name']")
        }
        let start = index
        while let scalar = current, Self.isNameStart(scalar) || Self.isDigit(scalar) { index += 1 }
        return PathSegment(isDescendant: isDescendant, selectors: [.name(text(start..<index))])
    }

    private mutating func bracketed() throws(JSONPathSyntaxError) -> [PathSelector] {
        guard take("[") else { throw error("expected [") }
        var selectors: [PathSelector] = []
        repeat {
            skipBlanks()
            selectors.append(try selector())
            skipBlanks()
        } while take(",")
        guard take("]") else { throw error("expected , or ]") }
        return selectors
    }

    private mutating func selector() throws(JSONPathSyntaxError) -> PathSelector {
        switch current {
        case "'", "\"": return .name(try stringLiteral())
        case "*":
            index += 1
            return .wildcard
        case "?":
            index += 1
            skipBlanks()
            return .filter(try nested { (parser) throws(JSONPathSyntaxError) in try parser.logicalOr() })
        default: return try indexOrSlice()
        }
    }

    private mutating func indexOrSlice() throws(JSONPathSyntaxError) -> PathSelector {
        let start = try integer()
        let end = index
        skipBlanks()
        guard take(":") else {
            index = end
            guard let start else { throw error("expected a name in quotes, *, an index, a slice or a filter") }
            return .index(start)
        }
        skipBlanks()
        let stop = try integer()
        if stop != nil { skipBlanks() }
        guard take(":") else { return .slice(start: start, end: stop, step: 1) }
        skipBlanks()
        return .slice(start: start, end: stop, step: try integer() ?? 1)
    }

    /// Returns nil if there is none.
    private mutating func integer() throws(JSONPathSyntaxError) -> Int? {
        let start = index
        let isNegative = take("-")
        let digits = digits()
        guard !digits.isEmpty else {
            guard !isNegative else { throw error("expected a digit after -") }
            return nil
        }
        guard digits.first != "0" || digits.count == 1 && !isNegative else {
            throw error("a whole number has no 0 at its front, and 0 no sign", at: start)
        }
        guard let number = Int(text(start..<index)), abs(number) <= Self.maxInteger else {
            throw error("a whole number is from -(2^53)+1 to (2^53)-1", at: start)
        }
        return number
    }

    /// The range of exact numbers of I-JSON (RFC 7493, section 2.2).
    private static let maxInteger = (1 << 53) - 1

    // MARK: Characters

    var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard current == scalar else { return false }
        index += 1
        return true
    }

    mutating func take(text: String) -> Bool {
        guard scalars[index...].starts(with: text.unicodeScalars) else { return false }
        index += text.unicodeScalars.count
        return true
    }

    mutating func skipBlanks() {
        while let scalar = current, scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" { index += 1 }
    }

    mutating func digits() -> ArraySlice<Unicode.Scalar> {
        let start = index
        while let scalar = current, Self.isDigit(scalar) { index += 1 }
        return scalars[start..<index]
    }

    func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text += scalars[range]
        return String(text)
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { "0"..."9" ~= scalar }

    private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
        "a"..."z" ~= scalar || "A"..."Z" ~= scalar || scalar == "_" || scalar.value >= 0x80
    }

    func error(_ message: String, at position: Int? = nil) -> JSONPathSyntaxError {
        JSONPathSyntaxError(message: message, position: (position ?? index) + 1)
    }

    mutating func nested<Value>(
        _ body: (inout JSONPathParser) throws(JSONPathSyntaxError) -> Value
    ) throws(JSONPathSyntaxError) -> Value {
        nesting += 1
        defer { nesting -= 1 }
        guard nesting <= JSONPathLimits.maxNesting else {
            throw error(
                "filters, parentheses and function calls are nested at most \(JSONPathLimits.maxNesting) times")
        }
        return try body(&self)
    }
}
