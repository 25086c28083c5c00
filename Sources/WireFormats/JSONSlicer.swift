/// Finds the ranges of values in a JSON text without parsing them, so that unused values need no memory.
///
/// Only brackets and strings are matched; the parser of a slice validates its syntax.
package struct JSONSlicer {
    package struct Failure: Error, CustomStringConvertible {
        package let message: String
        /// The bytes from the start of the text.
        package let offset: Int

        package var description: String { "\(message) at byte \(offset)" }
    }

    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    /// Reads an object. The body receives each member's name and reads its value.
    package mutating func eachMember(_ body: (ArraySlice<UInt8>, inout JSONSlicer) throws -> Void) throws {
        try eachItem(open: "{", close: "}") { slicer in
            let name = try slicer.value()
            try slicer.take(":")
            try body(name.dropFirst().dropLast(), &slicer)
        }
    }

    /// Reads an array. The body receives each element's index and text.
    package mutating func eachElement(_ body: (Int, ArraySlice<UInt8>) throws -> Void) throws {
        var index = 0
        try eachItem(open: "[", close: "]") { slicer in
            try body(index, slicer.value())
            index += 1
        }
    }

    /// Reads one value of any type.
    package mutating func value() throws -> ArraySlice<UInt8> {
        skipWhitespace()
        let start = offset
        switch current {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): try skipBrackets()
        default: skipScalar()
        }
        guard offset > start, offset <= bytes.endIndex else { throw failure("expected a value") }
        return bytes[start..<offset]
    }

    /// Checks that nothing follows the value.
    package mutating func end() throws {
        skipWhitespace()
        guard current == nil else { throw failure("unexpected text after the value") }
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

    private var current: UInt8? { offset < bytes.endIndex ? bytes[offset] : nil }

    private func failure(_ message: String) -> Failure {
        Failure(message: message, offset: offset - bytes.startIndex)
    }
}
