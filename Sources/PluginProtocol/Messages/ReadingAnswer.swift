import WireFormats

/// The answer to `get_metric_value`, decoded directly from its bytes, because it is the most frequent message.
///
/// Accepts only the common form: known members, text without escapes, numbers that are exact in a double. The general
/// reader decodes all other lines, with the same result.
struct ReadingAnswer {
    let id: Int64
    let reading: MetricReading

    /// Decodes the line; returns nil if the general reader is required.
    init?(_ line: UnsafeRawBufferPointer) {
        var scanner = Scanner(bytes: line)
        guard let (id, reading) = scanner.answer() else { return nil }
        self.id = id
        self.reading = reading
    }
}

extension Slice<UnsafeRawBufferPointer> {
    fileprivate func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<count where self[startIndex + offset] != text.utf8Start[offset] { return false }
        return true
    }
}

/// A scanner of bytes that the caller keeps alive. Its position is undefined after a nil.
private struct Scanner {
    let bytes: UnsafeRawBufferPointer
    var index = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func answer() -> (Int64, MetricReading)? {
        var id: Int64?
        var reading: MetricReading?
        var isVersion2 = false
        guard take("{") else { return nil }
        repeat {
            guard let name = text(), take(":") else { return nil }
            if name.equals("jsonrpc") {
                guard let version = text(), version.equals("2.0") else { return nil }
                isVersion2 = true
            } else if name.equals("id") {
                skipSpaces()
                guard let number = digits(), bytes[index] == UInt8(ascii: ",") || bytes[index] == UInt8(ascii: "}")
                else { return nil }
                id = Int64(number)
            } else if name.equals("result") {
                reading = result()
                guard reading != nil else { return nil }
            } else {
                return nil
            }
        } while take(",")
        guard take("}"), isAtEnd, isVersion2, let id, let reading else { return nil }
        return (id, reading)
    }

    private mutating func result() -> MetricReading? {
        var value: Double?
        var observedAt: Int64?
        var unit: String?
        var detail: String?
        guard take("{") else { return nil }
        repeat {
            guard let name = text(), take(":") else { return nil }
            if name.equals("value") {
                value = number()
                guard value != nil else { return nil }
            } else if name.equals("observedAt") {
                guard let time = text() else { return nil }
                observedAt = RFC3339.microseconds(utf8: UnsafeRawBufferPointer(rebasing: time))
            } else if name.equals("unit") {
                guard let text = text() else { return nil }
                unit = String(decoding: text, as: UTF8.self)
            } else if name.equals("detail") {
                guard let text = text() else { return nil }
                detail = String(decoding: text, as: UTF8.self)
            } else {
                return nil
            }
        } while take(",")
        guard take("}"), let value, let observedAt else { return nil }
        return MetricReading(value: value, unit: unit, observedAtMicroseconds: observedAt, detail: detail)
    }

    // MARK: Tokens

    private mutating func skipSpaces() {
        while index < bytes.count, bytes[index] == 0x20 { index += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpaces()
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private var isAtEnd: Bool {
        bytes[index...].allSatisfy { $0 == 0x20 }
    }

    /// Reads a string of printable ASCII without escapes.
    private mutating func text() -> Slice<UnsafeRawBufferPointer>? {
        guard take("\"") else { return nil }
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                defer { index += 1 }
                return bytes[start..<index]
            case UInt8(ascii: "\\"), 0..<0x20, 0x7F...: return nil
            default: index += 1
            }
        }
        return nil
    }

    /// Reads 1 to 18 decimal digits without leading zeros. A byte has to follow.
    private mutating func digits() -> UInt64? {
        let start = index
        guard let value = appendDigits(to: 0, from: start) else { return nil }
        return index == start + 1 || bytes[start] != UInt8(ascii: "0") ? value : nil
    }

    private mutating func appendDigits(to number: UInt64, from start: Int) -> UInt64? {
        let first = index
        var value = number
        while index < bytes.count, bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") {
            guard index - start < 18 else { return nil }
            value = value * 10 + UInt64(bytes[index] - UInt8(ascii: "0"))
            index += 1
        }
        return index > first && index < bytes.count ? value : nil
    }

    /// Reads a number without an exponent whose digits and power of ten are both exact in a double, so that one
    /// division rounds correctly (W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990).
    private mutating func number() -> Double? {
        let isNegative = take("-")
        if !isNegative { skipSpaces() }
        let start = index
        guard var mantissa = digits() else { return nil }
        var decimals = 0
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            let point = index
            guard let longer = appendDigits(to: mantissa, from: start) else { return nil }
            mantissa = longer
            decimals = index - point
        }
        guard mantissa < 1 << 53, bytes[index] | 0x20 != UInt8(ascii: "e") else { return nil }
        let magnitude = Double(mantissa) / Self.powersOfTen[decimals]
        return isNegative ? -magnitude : magnitude
    }

    /// The powers of ten, which are exact in a double up to 10^22.
    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    ]
}
