/// Bytes that are no message.
struct MalformedMessage: Error, Hashable, CustomStringConvertible {
    let description: String
}

/// A field of a message.
struct ProtobufField {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        /// A text, a message, or packed numbers.
        case bytes(ArraySlice<UInt8>)
    }

    let number: UInt64
    let value: Value
}

/// A message that is received.
protocol ProtobufDecodable: Sendable {
    /// Creates the message without any field.
    init()
    /// Takes a field. Ignores an unknown one, and one of another type than expected.
    mutating func take(_ field: ProtobufField) throws(MalformedMessage)
}

extension ProtobufDecodable {
    init(_ bytes: ArraySlice<UInt8>) throws(MalformedMessage) {
        self.init()
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() { try take(field) }
    }
}

/// Reads the fields of a message.
///
/// Source: https://protobuf.dev/programming-guides/encoding/
struct ProtobufReader {
    private static let maxFieldNumber: UInt64 = 1 << 29 - 1

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// Returns nil at the end.
    mutating func next() throws(MalformedMessage) -> ProtobufField? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard 1...Self.maxFieldNumber ~= number else {
            throw MalformedMessage(description: "it has a field with the number \(number)")
        }
        switch tag & 7 {
        case 0: return ProtobufField(number: number, value: .varint(try varint()))
        case 1: return ProtobufField(number: number, value: .fixed64(try fixed(8)))
        case 2:
            let count = try varint()
            guard count <= UInt64(rest.count) else {
                throw MalformedMessage(description: "it ends in its field \(number)")
            }
            return ProtobufField(number: number, value: .bytes(take(Int(count))))
        case 5: return ProtobufField(number: number, value: .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        case let type: throw MalformedMessage(description: "its field \(number) has the unknown type \(type)")
        }
    }

    static func text(_ bytes: ArraySlice<UInt8>) throws(MalformedMessage) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw MalformedMessage(description: "a text in it is not UTF-8")
        }
        return text
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func fixed(_ count: Int) throws(MalformedMessage) -> UInt64 {
        guard rest.count >= count else { throw MalformedMessage(description: "it ends in a number") }
        return take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Reads up to ten bytes. Bits beyond the 64th are dropped, as other libraries do.
    private mutating func varint() throws(MalformedMessage) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw MalformedMessage(description: "it ends in a number") }
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        throw MalformedMessage(description: "a number in it has more than ten bytes")
    }
}
