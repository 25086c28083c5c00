/// A stretch of time in which the clocks of a time zone keep one offset from UTC.
package struct OffsetSpan: Sendable, Hashable {
    /// Seconds since 1970 of the first instant; nil if there was no other offset before.
    package var start: Int64?
    /// Seconds since 1970 of the first instant after it; nil if no other offset is to follow.
    package var end: Int64?
    /// Seconds east of UTC.
    package var offset: Int64

    package init(start: Int64?, end: Int64?, offset: Int64) {
        self.start = start
        self.end = end
        self.offset = offset
    }
}

/// What the clocks of a time zone show. The data comes from outside of this module.
package protocol TimeZoneOffsets: Sendable {
    /// As in the IANA time zone database, such as `America/New_York`.
    var name: String { get }

    /// The offset at an instant, in seconds since 1970, with the whole stretch of time in which it is kept.
    func span(at instant: Int64) -> OffsetSpan
}

/// Finds time zones by name. The data comes from outside of this module.
package protocol TimeZoneProvider: Sendable {
    /// - Parameter name: a name of the IANA time zone database, such as `America/New_York`.
    func zone(_ name: String) throws(TimeZoneProblem) -> any TimeZoneOffsets
}

/// The reason why a name has no time zone.
package struct TimeZoneProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String

    package init(message: String) {
        self.message = message
    }

    package var description: String { message }
}

/// The time zones that are known without any data: UTC alone.
package struct UniversalTimeOnly: TimeZoneProvider {
    package init() {}

    package func zone(_ name: String) throws(TimeZoneProblem) -> any TimeZoneOffsets {
        guard UniversalTime.names.contains(name) else {
            throw TimeZoneProblem(message: "\"\(name.prefix(64))\" cannot be used: only UTC is known here")
        }
        return UniversalTime(name: name)
    }
}

/// Universal time: known without any data.
package struct UniversalTime: TimeZoneOffsets {
    package static let names = ["UTC", "Etc/UTC"]

    package let name: String

    package init(name: String = "UTC") {
        self.name = name
    }

    package func span(at instant: Int64) -> OffsetSpan { OffsetSpan(start: nil, end: nil, offset: 0) }
}

extension TimeZoneOffsets {
    /// No zone is further from UTC (RFC 9636, section 3.2).
    private static var longestOffset: Int64 { 26 * 3_600 }

    /// The instant at which the clocks first show a local minute. If they skip it, the instant of the change: the first at
    /// which they show a later one.
    func instant(of local: LocalMinute) -> Int64 {
        var span = span(at: local.seconds - Self.longestOffset)
        while true {
            let instant = local.seconds - span.offset
            if let start = span.start, instant < start { return start }
            guard let end = span.end, instant >= end else { return instant }
            span = self.span(at: end)
        }
    }

    /// The latest local minute that the clocks have shown, or skipped, by an instant. After the clocks were set back, it
    /// stays until they show it for the second time: ``instant(of:)`` is at most the instant up to here, and later beyond.
    func latestMinute(by instant: Int64) -> LocalMinute {
        let span = span(at: instant)
        var latest = instant + span.offset
        if let start = span.start { latest = max(latest, start + self.span(at: start - 1).offset - 1) }
        return LocalMinute(seconds: latest)
    }

    /// The date and time of day at an instant, as the clocks show it.
    func local(_ instant: Int64) -> (date: CivilDate, timeOfDay: String) {
        let local = instant + span(at: instant).offset
        let minute = LocalMinute(seconds: local)
        let seconds = Int(local - minute.seconds)
        let time = "\((minute.minuteOfDay / 60).twoDigits):\((minute.minuteOfDay % 60).twoDigits)"
        return (minute.date, seconds == 0 ? time : "\(time):\(seconds.twoDigits)")
    }
}

extension Timestamp {
    init(secondsSince1970 seconds: Int64) {
        let (microseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        self.init(microsecondsSince1970: overflow ? (seconds < 0 ? .min : .max) : microseconds)
    }

    /// Whole seconds since 1970, rounded down.
    package var secondsSince1970: Int64 {
        let (quotient, remainder) = microsecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
