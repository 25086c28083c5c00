package import Scaling
import WireFormats

/// Reads the times that exports write.
///
/// - RFC 3339 and its relatives: a space in place of the T, no seconds, offsets such as `+0100`, `UTC`.
/// - Seconds, milliseconds, microseconds or nanoseconds since 1970, distinguished by magnitude.
/// - A date and a time of day without a zone, if the reader was given the zone.
struct TraceTime {
    /// The reason why a text is not a valid time.
    struct Problem: Error, Equatable {
        let message: String
    }

    /// The zone of times without one.
    let zone: TraceZone?

    /// The smallest values since 1970 that are read as milliseconds, microseconds and nanoseconds. In the next larger
    /// unit, each would be thousands of years in the future.
    private static let units: [(least: Int64, perMicrosecond: (numerator: Int64, denominator: Int64))] = [
        (100_000_000_000_000_000, (1, 1_000)), (100_000_000_000_000, (1, 1)), (100_000_000_000, (1_000, 1)),
        (0, (1_000_000, 1)),
    ]

    func time(_ text: Substring) throws(Problem) -> Timestamp {
        if let microseconds = RFC3339.microseconds(String(text)) {
            return Timestamp(microsecondsSince1970: microseconds)
        }
        if let time = Self.sinceEpoch(text) { return time }
        let parts = try Self.parts(of: text)
        if parts.zone.isEmpty { return try local(parts.civil, text) }
        guard let time = RFC3339.microseconds(parts.civil + parts.zone) else { throw Self.noTime(text) }
        return Timestamp(microsecondsSince1970: time)
    }

    private static func sinceEpoch(_ text: Substring) -> Timestamp? {
        guard case .plain(let number)? = NumberText(text),
            let unit = units.first(where: { number.magnitude >= Double($0.least) })
        else { return nil }
        let (numerator, denominator) = unit.perMicrosecond
        if let whole = Int64(text) {
            let scaled = whole.multipliedReportingOverflow(by: numerator)
            return scaled.overflow ? nil : Timestamp(microsecondsSince1970: scaled.partialValue / denominator)
        }
        let microseconds = (number * Double(numerator) / Double(denominator)).rounded()
        return Int64(exactly: microseconds).map { Timestamp(microsecondsSince1970: $0) }
    }

    /// Returns whether the text is a number in scientific notation that has lost digits, as spreadsheets write it.
    static func isRounded(_ text: Substring) -> Bool {
        guard let mark = text.firstIndex(where: { $0 == "e" || $0 == "E" }), case .plain? = NumberText(text),
            let exponent = Int(text[text.index(after: mark)...])
        else { return false }
        let decimals = text[..<mark].firstIndex(of: ".").map { text[$0..<mark].count - 1 } ?? 0
        return decimals < exponent
    }

    // MARK: Dates

    /// Splits the text into an RFC 3339 date and time of day, and the zone after it, which may be empty.
    private static func parts(of text: Substring) throws(Problem) -> (civil: String, zone: String) {
        let bytes = Array(text.utf8)
        func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
        guard bytes.count >= 10, (0..<4).allSatisfy(isDigit), bytes[4] == bytes[7], "-/".utf8.contains(bytes[4]) else {
            if isDigit(0), text.contains("/") || text.contains(".") {
                throw Problem(
                    message: "\(text.quoted) is ambiguous in day, month and year: write times such as "
                        + "2026-01-02T03:04:05Z")
            }
            throw noTime(text)
        }
        let date = text.prefix(10).replacing("/", with: "-")
        var rest = text.dropFirst(10)
        if rest.first == "T" || rest.first == "t" { rest = rest.dropFirst() }
        rest = rest.trimmingSpaces
        let clock = rest.prefix { $0.isNumber || $0 == ":" || $0 == "." }
        let zone = try zone(rest[clock.endIndex...].trimmingSpaces, text)
        switch clock.utf8.count {
        case 0 where zone.isEmpty: return ("\(date)T00:00:00", "")
        case 5: return ("\(date)T\(clock):00", zone)
        default: return ("\(date)T\(clock)", zone)
        }
    }

    /// Returns `Z`, `+01:00` or an empty string.
    private static func zone(_ text: Substring, _ whole: Substring) throws(Problem) -> String {
        if text.isEmpty { return "" }
        if ["Z", "UTC", "GMT"].contains(text.uppercased()) { return "Z" }
        guard let offset = TraceZone.offsetText(text) else {
            throw Problem(
                message: "\(whole.quoted) has \(text.quoted) in place of an offset from UTC such as +01:00: names of "
                    + "zones are not unique")
        }
        return offset
    }

    private func local(_ civil: String, _ text: Substring) throws(Problem) -> Timestamp {
        guard let microseconds = RFC3339.microseconds(civil + "Z") else { throw Self.noTime(text) }
        guard let zone else {
            throw Problem(
                message:
                    "\(text.quoted) has no time zone: export times in UTC or with an offset, or set the zone with "
                    + "--trace-time-zone")
        }
        let times = zone.times(ofLocal: Timestamp(microsecondsSince1970: microseconds))
        guard let time = times.first, times.count == 1 else {
            let cause =
                times.isEmpty
                ? "does not exist in \(zone.name), where the clocks are put forward then"
                : "happens twice in \(zone.name), where the clocks are put back then"
            throw Problem(message: "\(text.quoted) \(cause): export times in UTC or with an offset")
        }
        return time
    }

    private static func noTime(_ text: Substring) -> Problem {
        Problem(message: "\(text.quoted) is not a time such as 2026-01-02T03:04:05Z")
    }
}

extension Timestamp {
    /// Parses a time with a zone, or a number of seconds or a smaller unit since 1970.
    package init?(text: some StringProtocol) {
        guard let time = try? TraceTime(zone: nil).time(Substring(text)) else { return nil }
        self = time
    }

    package var text: String { RFC3339.text(microseconds: microsecondsSince1970, precision: .seconds) }
}

extension Substring {
    var trimmingSpaces: Substring {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
