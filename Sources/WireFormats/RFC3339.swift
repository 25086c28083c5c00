/// Times as RFC 3339 text (`2026-01-02T03:04:05.123456Z`), as Kubernetes and the plugin protocol write them.
///
/// A time is a count of microseconds since 1970-01-01T00:00:00Z, without leap seconds.
public enum RFC3339 {
    public enum Precision: Sendable {
        case seconds, milliseconds, microseconds
        /// Milliseconds, or microseconds for a time that is not a multiple: nothing is truncated.
        case exact
    }

    /// The years 0 to 9999 in UTC, which have four digits.
    private static let writable: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_799_999_999

    /// Returns the time as text in UTC, truncated to the precision. Years outside 0...9999 are clamped.
    public static func text(microseconds: Int64, precision: Precision = .milliseconds) -> String {
        let clamped = min(max(microseconds, writable.lowerBound), writable.upperBound)
        let (second, micro) = floorDivide(clamped, 1_000_000)
        let (day, secondOfDay) = floorDivide(second, 86_400)
        let date = civil(fromDay: day)
        let precision = precision == .exact ? (micro % 1_000 == 0 ? .milliseconds : .microseconds) : precision
        var text: [UInt8] = []
        text.reserveCapacity(27)
        append(date.year, digits: 4, then: "-", to: &text)
        append(date.month, digits: 2, then: "-", to: &text)
        append(date.day, digits: 2, then: "T", to: &text)
        append(secondOfDay / 3_600, digits: 2, then: ":", to: &text)
        append(secondOfDay / 60 % 60, digits: 2, then: ":", to: &text)
        append(secondOfDay % 60, digits: 2, then: precision == .seconds ? "Z" : ".", to: &text)
        switch precision {
        case .seconds: break
        case .milliseconds: append(micro / 1_000, digits: 3, then: "Z", to: &text)
        case .microseconds, .exact: append(micro, digits: 6, then: "Z", to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Parses an RFC 3339 text to microseconds since 1970; nil if it is malformed, or the year in UTC is not in
    /// 0...9999. Digits after the microsecond are dropped.
    public static func microseconds(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { microseconds(utf8: UnsafeRawBufferPointer($0)) }
    }

    /// Parses the same from bytes.
    public static func microseconds(utf8 bytes: UnsafeRawBufferPointer) -> Int64? {
        var scanner = Scanner(bytes: bytes)
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
            let day = scanner.digits(2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
            let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2), scanner.take(":"),
            let second = scanner.digits(2),
            (1...12).contains(month), day >= 1, day <= daysInMonth(year: year, month: month), hour < 24, minute < 60,
            second <= 60
        else { return nil }
        guard let micro = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd else { return nil }
        let seconds = day64(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + min(second, 59) - offset
        let microseconds = seconds * 1_000_000 + micro
        return writable.contains(microseconds) ? microseconds : nil
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func append(_ value: Int64, digits: Int, then end: Unicode.Scalar, to text: inout [UInt8]) {
        var power: Int64 = 1
        for _ in 1..<digits { power *= 10 }
        while power > 0 {
            text.append(UInt8(ascii: "0") + UInt8(value / power % 10))
            power /= 10
        }
        text.append(UInt8(ascii: end))
    }

    private static func daysInMonth(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Returns the days since 1970 of a civil date. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    private static func day64(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shifted, 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Returns the civil date of a count of days since 1970; the inverse of ``day64(_:_:_:)``.
    private static func civil(fromDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(day + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    /// A scanner of bytes that the caller keeps alive.
    private struct Scanner {
        let bytes: UnsafeRawBufferPointer
        var index = 0

        var isAtEnd: Bool { index == bytes.count }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        mutating func digit() -> Int64? {
            guard index < bytes.count, bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") else {
                return nil
            }
            defer { index += 1 }
            return Int64(bytes[index] - UInt8(ascii: "0"))
        }

        mutating func digits(_ count: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<count {
                guard let digit = digit() else { return nil }
                value = value * 10 + digit
            }
            return value
        }

        /// Reads the fraction as microseconds; 0 if there is none.
        mutating func fraction() -> Int64? {
            guard take(".") else { return 0 }
            guard let first = digit() else { return nil }
            var micro = first * 100_000
            var scale: Int64 = 10_000
            while let next = digit() {
                micro += next * scale
                scale /= 10
            }
            return micro
        }

        /// Reads the offset as seconds east of UTC.
        mutating func offset() -> Int64? {
            if take("Z") || take("z") { return 0 }
            let sign: Int64
            if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
            guard let hours = digits(2), take(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
                return nil
            }
            return sign * (hours * 3_600 + minutes * 60)
        }
    }
}
