/// Bounds and targets that apply repeatedly for a time: from each time of `start` to the next `end`.
///
/// Start and end belong together by the clocks of the zone, before they become instants. A local time that the clocks skip
/// is the instant of the change; of one that they show twice, the first counts.
package struct Schedule: Sendable {
    package enum End: Sendable, Hashable {
        /// The first of these times after the start.
        case at(CronExpression)
        /// That long after the start, in elapsed time.
        case after(Duration)
    }

    package var name: String
    package var start: CronExpression
    package var end: End
    package var zone: any TimeZoneOffsets
    /// Dates, by the clocks of the zone, on which no window begins.
    package var exceptDates: Set<CivilDate>
    package var minReplicas: Int?
    package var maxReplicas: Int?
    /// By metric; each greater than 0.
    package var targets: [String: Double]

    package init(
        name: String, start: CronExpression, end: End, zone: any TimeZoneOffsets = UniversalTime(),
        exceptDates: Set<CivilDate> = [], minReplicas: Int? = nil, maxReplicas: Int? = nil,
        targets: [String: Double] = [:]
    ) {
        self.name = name
        self.start = start
        self.end = end
        self.zone = zone
        self.exceptDates = exceptDates
        self.minReplicas = minReplicas
        self.maxReplicas = maxReplicas
        self.targets = targets
    }

    /// One stretch of time in which the schedule is active.
    package struct Window: Sendable, Hashable {
        package var start: Timestamp
        /// The first instant after it.
        package var end: Timestamp
    }

    /// Windows that follow each other without a gap are one, up to so many.
    private static let maxMergedWindows = 40

    /// The window that an instant is in; nil while the schedule is not active.
    package func window(at now: Timestamp) -> Window? {
        let instant = now.secondsSince1970
        guard let first = lastStart(by: instant), end(of: first) > instant else { return nil }
        var last = first
        for _ in 0..<Self.maxMergedWindows {
            let end = end(of: last)
            guard end < .max, let next = lastStart(by: end), next > last, self.end(of: next) > end else { break }
            last = next
        }
        return Window(
            start: Timestamp(secondsSince1970: zone.instant(of: first)),
            end: Timestamp(secondsSince1970: end(of: last)))
    }

    /// When the next window begins.
    package func nextStart(after now: Timestamp) -> Timestamp? {
        var local = zone.latestMinute(by: now.secondsSince1970)
        // Each date without a window is one turn, and each window that begins and ends in an hour that the clocks skip.
        for _ in 0...(exceptDates.count + LocalMinute.perDay) {
            guard let next = start.next(after: local) else { return nil }
            if exceptDates.contains(next.date) {
                local = LocalMinute(next.date, minuteOfDay: LocalMinute.perDay - 1)
                continue
            }
            let instant = zone.instant(of: next)
            if end(of: next) > instant { return Timestamp(secondsSince1970: instant) }
            local = next
        }
        return nil
    }

    /// When it next begins or ends to be active.
    package func nextEdge(after now: Timestamp) -> Timestamp? { window(at: now)?.end ?? nextStart(after: now) }

    /// Such as `2026-03-02 18:00 America/New_York`.
    package func localText(of time: Timestamp) -> String {
        let (date, timeOfDay) = zone.local(time.secondsSince1970)
        return "\(date) \(timeOfDay) \(zone.name)"
    }

    private func lastStart(by instant: Int64) -> LocalMinute? {
        var local = zone.latestMinute(by: instant)
        for _ in 0...exceptDates.count {
            guard let last = start.previous(atOrBefore: local) else { return nil }
            guard exceptDates.contains(last.date) else { return last }
            local = LocalMinute(
                CivilDate(daysSince1970: last.date.daysSince1970 - 1), minuteOfDay: LocalMinute.perDay - 1)
        }
        return nil
    }

    private func end(of start: LocalMinute) -> Int64 {
        switch end {
        case .at(let times): times.next(after: start).map { zone.instant(of: $0) } ?? .max
        case .after(let duration): zone.instant(of: start) + duration.components.seconds
        }
    }
}
