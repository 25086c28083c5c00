/// Appends JSON text to a byte buffer, value by value, without building a ``JSON`` first.
///
/// The caller is responsible for the structure (a `key` before each member, `begin` and `end` in pairs); the writer
/// adds commas and escapes.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8]
    private let escapesNonASCII: Bool
    private var needsComma = false

    /// - Parameter escapesNonASCII: whether to write every character above U+007F as `\uXXXX`.
    public init(escapesNonASCII: Bool = false, reserving capacity: Int = 256) {
        self.escapesNonASCII = escapesNonASCII
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    public mutating func beginObject() { open(UInt8(ascii: "{")) }
    public mutating func endObject() { close(UInt8(ascii: "}")) }
    public mutating func beginArray() { open(UInt8(ascii: "[")) }
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    public mutating func key(_ name: String) {
        separate()
        quoted(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Appends text unchanged: a constant part of a message.
    ///
    /// - Parameter needsComma: whether the next value needs a comma before it.
    package mutating func literal(_ text: StaticString, needsComma: Bool) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        self.needsComma = needsComma
    }

    public mutating func null() { raw("null") }
    public mutating func value(_ value: Bool) { raw(value ? "true" : "false") }

    public mutating func value(_ value: String) {
        separate()
        quoted(value)
        needsComma = true
    }

    public mutating func value(_ value: Int64) {
        separate()
        decimal(value)
        needsComma = true
    }

    public mutating func value(_ value: Int) { self.value(Int64(value)) }

    /// Writes a finite number; integers have no fraction. Infinity and NaN become null.
    public mutating func value(_ value: Double) {
        guard value.isFinite else { return null() }
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return self.value(whole) }
        raw(value.description)
    }

    public mutating func value(_ value: JSON) {
        switch value {
        case .null: null()
        case .bool(let bool): self.value(bool)
        case .integer(let integer): self.value(integer)
        case .number(let number): self.value(number)
        case .string(let string): self.value(string)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                key(name)
                self.value(member)
            }
            endObject()
        }
    }

    /// Appends the bytes of an encoded value unchanged.
    public mutating func encodedValue(_ text: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: text)
        needsComma = true
    }

    /// Ends the text with a newline, which makes it a line.
    public mutating func newline() { bytes.append(0x0A) }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    private mutating func decimal(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = value.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func quoted(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        let isWritten = text.withUTF8 { utf8 in
            let isPlain = !utf8.contains { Self.needsEscape($0) || $0 >= 0x80 }
            if isPlain {
                bytes.append(contentsOf: utf8)
            } else if !escapesNonASCII {
                escaped(utf8)
            }
            return isPlain || !escapesNonASCII
        }
        if !isWritten {
            for unit in text.utf16 {
                if unit < 0x80 { escaped(UInt8(unit)) } else { unicodeEscape(unit) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Copies the ranges between bytes that need an escape. The bytes are valid during the call.
    private mutating func escaped(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for index in text.indices where Self.needsEscape(text[index]) {
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            escaped(text[index])
            start = index + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
        case 0x0D: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
        case 0x09: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
        case 0..<0x20, 0x7F: unicodeEscape(UInt16(byte))
        default: bytes.append(byte)
        }
    }

    private mutating func unicodeEscape(_ unit: UInt16) {
        let hex: StaticString = "0123456789abcdef"
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] { bytes.append(hex.utf8Start[Int(unit >> UInt16(shift) & 0xF)]) }
    }
}

extension JSON {
    /// Returns the value as JSON text: compact, keys sorted.
    public func encoded(escapesNonASCII: Bool = false) -> [UInt8] {
        var writer = JSONWriter(escapesNonASCII: escapesNonASCII)
        writer.value(self)
        return writer.bytes
    }
}
