/// A message that is sent.
protocol ProtobufEncodable: Sendable {
    func encode(into writer: inout ProtobufWriter)
}

extension ProtobufEncodable {
    var bytes: [UInt8] {
        var writer = ProtobufWriter()
        encode(into: &writer)
        return writer.bytes
    }
}

/// Writes the fields of a message.
///
/// Source: https://protobuf.dev/programming-guides/encoding/
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Writes a text; an empty one is the default, which is omitted.
    mutating func write(_ text: String, field: UInt64) {
        if !text.isEmpty { write(Array(text.utf8), field) }
    }

    mutating func writeMessage(field: UInt64, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        write(inner.bytes, field)
    }

    private mutating func write(_ content: [UInt8], _ field: UInt64) {
        writeVarint(field << 3 | 2)
        writeVarint(UInt64(content.count))
        bytes += content
    }

    private mutating func writeVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
