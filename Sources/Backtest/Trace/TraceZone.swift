import Scaling
import TimeZones

/// The time zone of times without one.
package struct TraceZone: Sendable {
    /// The name in messages.
    package let name: String
    private let rules: Rules

    private enum Rules {
        case offset(Int64)
        case file(TimeZoneFile)
    }

    /// Parses an offset from UTC, such as `+01:00`, or `UTC`; nil if the text is not an offset.
    package init?(offset text: String) {
        let isUTC = ["Z", "UTC", "GMT"].contains(text.uppercased())
        guard let offset = isUTC ? 0 : Self.offsetText(text[...]).flatMap(Self.seconds) else { return nil }
        name = text
        rules = .offset(offset)
    }

    /// - Parameter data: the zone's file of the time zone database, as RFC 9636 defines it.
    /// - Throws: ``TraceError`` if the data is not a time zone file.
    package init(name: String, data: [UInt8]) throws(TraceError) {
        guard let file = TimeZoneFile(data) else { throw TraceError("is not a file of the time zone database") }
        self.name = name
        rules = .file(file)
    }

    /// Returns the times at which a clock in the zone shows the local time, which is passed as if it were UTC.
    func times(ofLocal local: Timestamp) -> [Timestamp] {
        switch rules {
        case .offset(let offset): return [local + .seconds(-offset)]
        case .file(let file):
            return file.offsets.map { (offset: $0, time: local + .seconds(-$0)) }
                .filter { file.offset(at: $0.time) == $0.offset }.map(\.time).sorted()
        }
    }

    /// Returns `+01:00` for `+1`, `+01`, `+0100` and `+01:00`; nil for other texts.
    static func offsetText(_ text: Substring) -> String? {
        guard let sign = text.first, "+-".contains(sign) else { return nil }
        let digits = text.dropFirst()
        let parts = digits.split(separator: ":", omittingEmptySubsequences: false)
        let (hours, minutes): (Substring, Substring) =
            switch (parts.count, digits.count) {
            case (1, 1...2): (digits, "00")
            case (1, 4): (digits.prefix(2), digits.suffix(2))
            case (2, 4...5): (parts[0], parts[1])
            default: ("", "")
            }
        guard let hour = UInt(hours), hour <= 14, let minute = UInt(minutes), minute < 60, minutes.count == 2 else {
            return nil
        }
        return "\(sign)\(hour < 10 ? "0" : "")\(hour):\(minutes)"
    }

    /// Returns the seconds of an offset such as `+01:00`.
    private static func seconds(_ text: String) -> Int64? {
        let parts = text.dropFirst().split(separator: ":").compactMap { Int64($0) }
        guard parts.count == 2 else { return nil }
        return (text.hasPrefix("-") ? -1 : 1) * (parts[0] * 3_600 + parts[1] * 60)
    }
}
