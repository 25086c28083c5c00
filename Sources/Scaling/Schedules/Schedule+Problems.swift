extension Schedule {
    /// What is wrong with when the schedule is active.
    package enum Problem: Sendable, Hashable {
        /// No date matches the start.
        case neverBegins
        /// No date matches the end.
        case neverEnds
        /// Each end is the next start.
        case startIsEnd
        /// A window is not over when the next begins.
        case longerThanPeriod
    }

    /// In so many days, the days of the week fall on every date, leap days included.
    private static let calendarCycle = 28 * 365 + 7
    /// Two weeks: each week is like the next for expressions that look at the day of the week alone.
    private static let weeklyCycle = 14

    /// The problem that makes its windows useless; by the clocks of a zone that are never changed.
    package var problem: Problem? {
        guard start.everMatches else { return .neverBegins }
        switch end {
        case .at(let times):
            guard times.everMatches else { return .neverEnds }
            if times == start { return .startIsEnd }
            return hasOverlap(endingAt: times) ? .longerThanPeriod : nil
        case .after(let duration):
            return duration > .seconds(60 * shortestPeriod) ? .longerThanPeriod : nil
        }
    }

    /// Returns the days that have to be looked at to know what the expressions do on every day.
    private static func days(_ expressions: CronExpression...) -> some Sequence<CivilDate> {
        let count = expressions.allSatisfy(\.isWeekly) ? weeklyCycle : calendarCycle
        return (0..<count).lazy.map { CivilDate(daysSince1970: $0) }
    }

    /// Minutes from one start to the next.
    private var shortestPeriod: Int {
        let minutes = start.minutesOfDay
        guard let first = minutes.first, let last = minutes.last else { return 0 }
        var lastDay: Int?
        var fewestDays = Self.calendarCycle
        for day in Self.days(start) where start.matches(day) {
            if let lastDay { fewestDays = min(fewestDays, day.daysSince1970 - lastDay) }
            if fewestDays == 1 { break }
            lastDay = day.daysSince1970
        }
        let withinDay = zip(minutes, minutes.dropFirst()).map { $1 - $0 }
        return (withinDay + [fewestDays * LocalMinute.perDay + first - last]).min() ?? 0
    }

    /// What happens on one day, from the first to the last of its starts and ends.
    private struct Day {
        /// A window is open at the end of the day; nil if nothing happens, so that it is as at the beginning.
        var isOpen: Bool?
        /// The first thing that happens is a start, which must not find a window open.
        var beginsWithStart = false
        var hasOverlap = false

        init(starts: [Int], ends: [Int]) {
            // Of the same minute, the end comes first.
            let events = (starts.map { ($0, 1) } + ends.map { ($0, 0) }).sorted { $0 < $1 }
            for (_, kind) in events {
                let isStart = kind == 1
                if isOpen == nil { beginsWithStart = isStart } else if isStart, isOpen == true { hasOverlap = true }
                isOpen = isStart
            }
        }
    }

    /// Whether a window is still open when another begins.
    private func hasOverlap(endingAt times: CronExpression) -> Bool {
        let (starts, ends) = (start.minutesOfDay, times.minutesOfDay)
        let startDay = Day(starts: starts, ends: [])
        let endDay = Day(starts: [], ends: ends)
        let bothDay = Day(starts: starts, ends: ends)
        var isOpen = false
        for date in Self.days(start, times) {
            let day: Day
            switch (start.matches(date), times.matches(date)) {
            case (true, true): day = bothDay
            case (true, false): day = startDay
            case (false, true): day = endDay
            case (false, false): continue
            }
            if day.hasOverlap || isOpen && day.beginsWithStart { return true }
            isOpen = day.isOpen ?? isOpen
        }
        return false
    }
}
