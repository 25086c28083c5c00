/// Reads the fields of one protobuf message in sequence.
///
/// Source: https://protobuf.dev/programming-guides/encoding
struct ProtobufReader {
    enum Value {
        /// A number, including fixed 32-bit and 64-bit ones.
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    struct Malformed: Error {}

    /// The maximum bytes of a varint.
    private static let maxNumberBytes = 10

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// Returns the next field's number and value; nil at the end.
    mutating func next() throws(Malformed) -> (field: UInt64, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let key = try number()
        switch key & 7 {
        case 0: return (key >> 3, .number(try number()))
        case 1: return (key >> 3, .number(try fixed(8)))
        case 2:
            let length = try number()
            guard length <= UInt64(rest.count) else { throw Malformed() }
            return (key >> 3, .bytes(take(Int(length))))
        case 5: return (key >> 3, .number(try fixed(4)))
        default: throw Malformed()
        }
    }

    /// Returns a number of a packed list; nil at the end.
    mutating func nextPacked() throws(Malformed) -> UInt64? { rest.isEmpty ? nil : try number() }

    private mutating func number() throws(Malformed) -> UInt64 {
        var number: UInt64 = 0
        for index in 0..<Self.maxNumberBytes {
            guard let byte = rest.popFirst() else { throw Malformed() }
            number |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 { return number }
        }
        throw Malformed()
    }

    private mutating func fixed(_ count: Int) throws(Malformed) -> UInt64 {
        guard rest.count >= count else { throw Malformed() }
        return take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
