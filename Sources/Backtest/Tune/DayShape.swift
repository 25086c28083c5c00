package import Scaling
package import WireFormats

/// The replicas that the load of a trace needs by time of day, and schedules that follow from it.
package struct DayShape {
    /// The days on which a schedule begins.
    private enum Days: String, CaseIterable {
        case every, weekdays

        func contains(_ weekday: Int) -> Bool { self == .every || (1...5).contains(weekday) }
        var cron: String { self == .every ? "*" : "1-5" }
    }

    private static let slotMinutes = 30
    private static let slotsPerDay = LocalMinute.perDay / slotMinutes
    /// A schedule needs the load of this many days.
    private static let leastDays = 3
    /// The shares of a day's peak at which a window begins and ends.
    private static let levels = [0.5, 0.7, 0.9]
    /// The quantile over days of the replicas that a time of day needs.
    private static let quantile = 0.8

    /// The most replicas that each half hour of each day needs, by day since 1970.
    private var days: [Int: [Double]] = [:]
    private let zone: any TimeZoneOffsets

    package init(zone: any TimeZoneOffsets) {
        self.zone = zone
    }

    /// - Parameter replicas: that the load at the time needs, not rounded.
    package mutating func add(_ replicas: Double, at time: Timestamp) {
        let seconds = time.secondsSince1970
        let local = Int(seconds + zone.span(at: seconds).offset)
        let minute = LocalMinute(minutesSince1970: local / 60)
        let slot = minute.minuteOfDay / Self.slotMinutes
        let day = minute.date.daysSince1970
        let known = days[day]?[slot] ?? .nan
        days[day, default: Array(repeating: .nan, count: Self.slotsPerDay)][slot] =
            known.isNaN ? replicas : max(known, replicas)
    }

    /// Returns entries of `schedules` that have the replicas of the busy part of the day ready at its beginning.
    ///
    /// - Parameters:
    ///   - leadTime: how long before it the schedule begins.
    ///   - bounds: the bounds of the spec. A schedule that asks for no more than the minimum is omitted.
    package func schedules(leadTime: Duration, bounds: ClosedRange<Int>) -> [JSON] {
        var schedules: [JSON] = []
        for group in Days.allCases {
            guard let profile = profile(group), let peak = profile.max(), peak > 0 else { continue }
            for level in Self.levels {
                guard let window = Self.window(profile, above: peak * level) else { continue }
                let busy = window.map { profile[$0 % Self.slotsPerDay] }
                let replicas = min(bounds.upperBound, Int((busy.min() ?? 0).rounded(.up)))
                guard replicas > bounds.lowerBound else { continue }
                schedules.append(schedule(group, level, window, replicas, leadTime))
            }
        }
        return schedules
    }

    private func profile(_ group: Days) -> [Double]? {
        let chosen = days.filter { group.contains(CivilDate(daysSince1970: $0.key).weekday) }.map(\.value)
        guard chosen.count >= Self.leastDays else { return nil }
        return (0..<Self.slotsPerDay).map { slot in
            let values = chosen.map { $0[slot] }.filter { !$0.isNaN }.sorted()
            return values.isEmpty ? 0 : values[Int((Double(values.count - 1) * Self.quantile).rounded())]
        }
    }

    /// Returns the slots around the peak that need at least so much; a window may continue past midnight. Nil if it is
    /// the whole day.
    private static func window(_ profile: [Double], above least: Double) -> Range<Int>? {
        guard let peak = profile.indices.max(by: { profile[$0] < profile[$1] }) else { return nil }
        var (first, last) = (peak, peak)
        while last - first < slotsPerDay, profile[(first - 1 + slotsPerDay) % slotsPerDay] >= least { first -= 1 }
        while last - first < slotsPerDay, profile[(last + 1) % slotsPerDay] >= least { last += 1 }
        guard last - first + 1 < slotsPerDay else { return nil }
        return first < 0 ? first + slotsPerDay..<last + 1 + slotsPerDay : first..<last + 1
    }

    private func schedule(
        _ group: Days, _ level: Double, _ window: Range<Int>, _ replicas: Int, _ leadTime: Duration
    ) -> JSON {
        let lead = Int((leadTime / .seconds(60)).rounded(.up))
        let start = (window.lowerBound * Self.slotMinutes - lead + 2 * LocalMinute.perDay) % LocalMinute.perDay
        // Of weekdays, a start before midnight would be on the day before.
        let isOnDayBefore = window.lowerBound * Self.slotMinutes < lead
        let minutes = window.count * Self.slotMinutes + (isOnDayBefore ? window.lowerBound * Self.slotMinutes : lead)
        let begin = isOnDayBefore ? 0 : start
        let duration = minutes % 60 == 0 ? "\(minutes / 60)h" : "\(minutes / 60)h\(minutes % 60)m"
        return [
            "name": .string("\(group == .every ? "daily" : "weekday")-peak-\(Int(level * 100))"),
            "start": .string("\(begin % 60) \(begin / 60) * * \(group.cron)"),
            "duration": .string(duration.hasPrefix("0h") ? String(duration.dropFirst(2)) : duration),
            "timeZone": .string(zone.name), "minReplicas": .integer(Int64(replicas)),
        ]
    }
}
