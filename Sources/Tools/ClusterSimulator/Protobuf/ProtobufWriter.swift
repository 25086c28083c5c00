/// Writes the fields of one protobuf message.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    init() {}

    init(_ write: (inout ProtobufWriter) -> Void) {
        write(&self)
    }

    mutating func add(_ field: UInt64, _ number: UInt64) {
        key(field, 0)
        append(number)
    }

    mutating func add(_ field: UInt64, _ number: Double) {
        key(field, 1)
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number.bitPattern >> shift))
        }
    }

    mutating func add(_ field: UInt64, _ content: [UInt8]) {
        key(field, 2)
        append(UInt64(content.count))
        bytes += content
    }

    mutating func add(_ field: UInt64, _ text: String) { add(field, Array(text.utf8)) }

    mutating func add(_ field: UInt64, _ write: (inout ProtobufWriter) -> Void) {
        add(field, ProtobufWriter(write).bytes)
    }

    private mutating func key(_ field: UInt64, _ wireType: UInt64) { append(field << 3 | wireType) }

    private mutating func append(_ number: UInt64) {
        var number = number
        while number >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: number) | 0x80)
            number >>= 7
        }
        bytes.append(UInt8(number))
    }
}
