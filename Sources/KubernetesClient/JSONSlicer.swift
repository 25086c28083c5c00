/// Finds where the values of a JSON text begin and end without reading them, so that a long list can be read one
/// object at a time.
///
/// It only balances brackets and strings; whoever parses a slice checks its syntax.
struct JSONSlicer {
    struct Failure: Error, CustomStringConvertible {
        let message: String
        /// Bytes from the start of the text.
        let offset: Int

        var description: String { "\(message) at byte \(offset)" }
    }

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Takes an object. The body gets each member's name and takes its value.
    mutating func eachMember(_ body: (ArraySlice<UInt8>, inout JSONSlicer) throws -> Void) throws {
        try eachItem(open: "{", close: "}") { slicer in
            let name = try slicer.value()
            try slicer.take(":")
            try body(name.dropFirst().dropLast(), &slicer)
        }
    }

    /// Takes an array, or null as an empty one.
    mutating func eachElement(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
        skipWhitespace()
        if current == UInt8(ascii: "n") {
            _ = try value()
            return
        }
        try eachItem(open: "[", close: "]") { slicer in try body(slicer.value()) }
    }

    /// Takes one value of any shape.
    mutating func value() throws -> ArraySlice<UInt8> {
        skipWhitespace()
        let start = offset
        switch current {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): try skipBrackets()
        default: skipScalar()
        }
        guard offset > start else { throw failure("expected a value") }
        return bytes[start..<offset]
    }

    private mutating func eachItem(
        open: Unicode.Scalar, close: Unicode.Scalar, _ body: (inout JSONSlicer) throws -> Void
    ) throws {
        try take(open)
        skipWhitespace()
        if current == UInt8(ascii: close) { return try take(close) }
        while true {
            try body(&self)
            skipWhitespace()
            if current == UInt8(ascii: close) { return try take(close) }
            try take(",")
        }
    }

    private mutating func skipBrackets() throws {
        var depth = 0
        repeat {
            switch current {
            case nil: throw failure("unexpected end of the text")
            case UInt8(ascii: "\""): try skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                offset += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                offset += 1
            default: offset += 1
            }
        } while depth > 0
    }

    private mutating func skipString() throws {
        offset += 1
        while let byte = current {
            offset += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { return }
        }
        throw failure("unterminated string")
    }

    private mutating func skipScalar() {
        while let byte = current, byte > 0x20, byte != UInt8(ascii: ","), byte != UInt8(ascii: "]"),
            byte != UInt8(ascii: "}"), byte != UInt8(ascii: ":")
        { offset += 1 }
    }

    private mutating func skipWhitespace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) throws {
        skipWhitespace()
        guard current == UInt8(ascii: character) else { throw failure("expected \"\(character)\"") }
        offset += 1
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func failure(_ message: String) -> Failure { Failure(message: message, offset: offset) }
}
