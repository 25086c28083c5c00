/// The reason why a text is not JSON or exceeds its limits, and the offset of the byte.
public struct JSONSyntaxError: Error, Hashable, CustomStringConvertible {
    public let message: String
    /// The bytes from the start of the text.
    public let offset: Int
    /// The exceeded limit; nil if the text is not JSON.
    public let exceeded: JSONLimits.Bound?

    public init(message: String, offset: Int, exceeded: JSONLimits.Bound? = nil) {
        self.message = message
        self.offset = offset
        self.exceeded = exceeded
    }

    public var description: String { "\(message) at byte \(offset)" }
}

extension JSON {
    /// The maximum nesting of arrays and objects in any text.
    public static let maximumDepth = 128

    /// Reads one JSON text.
    ///
    /// The parser is strict: the whole input is one value, UTF-8 is validated, and a number too large for a double is
    /// an error. As in Go's `encoding/json`, the last value of a repeated key is used, and a lone surrogate escape
    /// becomes U+FFFD. A byte order mark before the value is ignored.
    ///
    /// - Parameter limits: the limits. Exceeding them is an error before memory is allocated.
    public init(parsing text: some Sequence<UInt8>, limits: JSONLimits = .standard) throws(JSONSyntaxError) {
        let attempt: Result<JSON, JSONSyntaxError>? = text.withContiguousStorageIfAvailable {
            Self.parse(UnsafeRawBufferPointer($0), limits)
        }
        let result = attempt ?? Array(text).withUnsafeBytes { Self.parse($0, limits) }
        self = try result.get()
    }

    public init(parsing text: String, limits: JSONLimits = .standard) throws(JSONSyntaxError) {
        try self.init(parsing: text.utf8, limits: limits)
    }

    /// Parses the first of several JSON texts and removes it from the input. A byte order mark is not allowed.
    package init(parsingFirstOf texts: inout ArraySlice<UInt8>) throws(JSONSyntaxError) {
        let result: Result<(JSON, Int), JSONSyntaxError> = texts.withUnsafeBytes { bytes in
            var parser = JSONParser(bytes: bytes, limits: .standard)
            do throws(JSONSyntaxError) {
                return .success(try parser.first())
            } catch {
                return .failure(error)
            }
        }
        let (value, length) = try result.get()
        self = value
        texts = texts.dropFirst(length)
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer, _ limits: JSONLimits) -> Result<JSON, JSONSyntaxError> {
        var parser = JSONParser(bytes: bytes, limits: limits)
        do throws(JSONSyntaxError) {
            return .success(try parser.document())
        } catch {
            return .failure(error)
        }
    }
}

/// A recursive descent parser over bytes that the caller keeps alive.
struct JSONParser {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0
    private var depth = 0
    private let limits: JSONLimits
    /// The number of values that may follow.
    private var remainingNodes: Int

    init(bytes: UnsafeRawBufferPointer, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
        remainingNodes = limits.nodes
    }

    mutating func document() throws(JSONSyntaxError) -> JSON {
        guard bytes.count <= limits.bytes else { throw exceeded(.bytes) }
        skipByteOrderMark()
        let (value, _) = try first()
        skipWhitespace()
        guard offset == bytes.count else { throw error("unexpected text after the value") }
        return value
    }

    /// Returns the next value and the offset of its end.
    mutating func first() throws(JSONSyntaxError) -> (JSON, end: Int) {
        skipWhitespace()
        return (try value(), offset)
    }

    private mutating func skipByteOrderMark() {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { offset = 3 }
    }

    private func error(_ message: String, at position: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(message: message, offset: position ?? offset)
    }

    private func exceeded(_ bound: JSONLimits.Bound) -> JSONSyntaxError {
        JSONSyntaxError(message: limits.message(bound), offset: min(offset, bytes.count), exceeded: bound)
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private mutating func value() throws(JSONSyntaxError) -> JSON {
        guard let first = current else { throw error("unexpected end of the text") }
        guard remainingNodes > 0 else { throw exceeded(.nodes) }
        remainingNodes -= 1
        switch first {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw error("expected a value")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        let length = text.utf8CodeUnitCount
        guard offset + length <= bytes.count else { throw error("expected a value") }
        for index in 0..<length where bytes[offset + index] != text.utf8Start[index] {
            throw error("expected a value")
        }
        offset += length
        return value
    }

    private mutating func descend() throws(JSONSyntaxError) {
        depth += 1
        guard depth <= limits.depth else { throw exceeded(.depth) }
        offset += 1
        skipWhitespace()
    }

    private mutating func array() throws(JSONSyntaxError) -> JSON {
        try descend()
        defer { depth -= 1 }
        var elements: [JSON] = []
        if current == UInt8(ascii: "]") {
            offset += 1
            return .array(elements)
        }
        while true {
            elements.append(try value())
            if try separator(closing: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    private mutating func object() throws(JSONSyntaxError) -> JSON {
        try descend()
        defer { depth -= 1 }
        var members: [String: JSON] = [:]
        if current == UInt8(ascii: "}") {
            offset += 1
            return .object(members)
        }
        while true {
            guard current == UInt8(ascii: "\"") else { throw error("expected a member name") }
            let key = try string()
            skipWhitespace()
            guard current == UInt8(ascii: ":") else { throw error("expected ':'") }
            offset += 1
            skipWhitespace()
            members[key] = try value()
            if try separator(closing: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    /// Reads `,` or the closing bracket; returns true for the bracket.
    private mutating func separator(closing: UInt8) throws(JSONSyntaxError) -> Bool {
        skipWhitespace()
        switch current {
        case closing:
            offset += 1
            return true
        case UInt8(ascii: ","):
            offset += 1
            skipWhitespace()
            return false
        default:
            throw error("expected ',' or '\(Character(Unicode.Scalar(closing)))'")
        }
    }

    // MARK: Strings

    private mutating func string() throws(JSONSyntaxError) -> String {
        let start = offset + 1
        var end = start
        var allBits: UInt8 = 0
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") {
                offset = end + 1
                return try text(start..<end, isASCII: allBits < 0x80)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start, firstEscape: end) }
            guard byte >= 0x20 else { throw error("unescaped control character in a string", at: end) }
            allBits |= byte
            end += 1
        }
        throw error("unterminated string", at: offset)
    }

    private func text(_ range: Range<Int>, isASCII: Bool) throws(JSONSyntaxError) -> String {
        let slice = UnsafeRawBufferPointer(rebasing: bytes[range])
        // ASCII needs no validation, which is several times as fast.
        if isASCII { return String(decoding: slice, as: UTF8.self) }
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw error("invalid UTF-8 in a string", at: range.lowerBound)
        }
        return text
    }

    private mutating func escapedString(from start: Int, firstEscape: Int) throws(JSONSyntaxError) -> String {
        var scratch = Array(bytes[start..<firstEscape])
        offset = firstEscape
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                guard let text = String(validating: scratch, as: UTF8.self) else {
                    throw error("invalid UTF-8 in a string", at: start)
                }
                return text
            case UInt8(ascii: "\\"):
                try escape(into: &scratch)
            case 0..<0x20:
                throw error("unescaped control character in a string")
            default:
                scratch.append(byte)
                offset += 1
            }
        }
        throw error("unterminated string", at: start - 1)
    }

    private mutating func escape(into scratch: inout [UInt8]) throws(JSONSyntaxError) {
        guard offset + 1 < bytes.count else { throw error("unterminated string") }
        let plain: UInt8
        switch bytes[offset + 1] {
        case UInt8(ascii: "\""): plain = UInt8(ascii: "\"")
        case UInt8(ascii: "\\"): plain = UInt8(ascii: "\\")
        case UInt8(ascii: "/"): plain = UInt8(ascii: "/")
        case UInt8(ascii: "b"): plain = 0x08
        case UInt8(ascii: "f"): plain = 0x0C
        case UInt8(ascii: "n"): plain = 0x0A
        case UInt8(ascii: "r"): plain = 0x0D
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "u"):
            let scalar = try unicodeEscape()
            scratch.append(contentsOf: UTF8.encode(scalar)!)
            return
        default: throw error("unknown escape in a string")
        }
        scratch.append(plain)
        offset += 2
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let high = try hexUnit()
        if let scalar = Unicode.Scalar(high) { return scalar }
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard UTF16.isLeadSurrogate(UInt16(high)), offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { return replacement }
        let afterHigh = offset
        let low = try hexUnit()
        guard UTF16.isTrailSurrogate(UInt16(low)) else {
            offset = afterHigh
            return replacement
        }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? replacement
    }

    /// Reads `\uXXXX` at the current offset.
    private mutating func hexUnit() throws(JSONSyntaxError) -> UInt32 {
        guard offset + 6 <= bytes.count else { throw error("unterminated string") }
        var unit: UInt32 = 0
        for index in offset + 2..<offset + 6 {
            switch bytes[index] {
            case let digit where digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9"):
                unit = unit << 4 + UInt32(digit - UInt8(ascii: "0"))
            case let digit where digit >= UInt8(ascii: "a") && digit <= UInt8(ascii: "f"):
                unit = unit << 4 + UInt32(digit - UInt8(ascii: "a") + 10)
            case let digit where digit >= UInt8(ascii: "A") && digit <= UInt8(ascii: "F"):
                unit = unit << 4 + UInt32(digit - UInt8(ascii: "A") + 10)
            default: throw error("expected four hexadecimal digits", at: index)
            }
        }
        offset += 6
        return unit
    }

    // MARK: Numbers

    private mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = offset
        let negative = current == UInt8(ascii: "-")
        if negative { offset += 1 }
        let firstDigit = current
        guard digits() > 0 else { throw error("expected a digit") }
        if firstDigit == UInt8(ascii: "0"), offset - start > (negative ? 2 : 1) {
            throw error("a number must not start with 0", at: start)
        }
        var whole = true
        if current == UInt8(ascii: ".") {
            whole = false
            offset += 1
            guard digits() > 0 else { throw error("expected a digit") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            whole = false
            offset += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { offset += 1 }
            guard digits() > 0 else { throw error("expected a digit") }
        }
        if whole, let integer = integer(start..<offset, negative: negative) { return .integer(integer) }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<offset]), as: UTF8.self)
        guard let value = Double(text), value.isFinite else { throw error("number out of range", at: start) }
        return .number(value)
    }

    private mutating func digits() -> Int {
        let start = offset
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { offset += 1 }
        return offset - start
    }

    private func integer(_ range: Range<Int>, negative: Bool) -> Int64? {
        var value: Int64 = 0
        for index in (negative ? range.lowerBound + 1 : range.lowerBound)..<range.upperBound {
            let digit = Int64(bytes[index] - UInt8(ascii: "0"))
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, carry) =
                negative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if overflow || carry { return nil }
            value = next
        }
        return value
    }
}
