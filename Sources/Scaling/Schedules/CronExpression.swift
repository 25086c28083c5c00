/// The minutes at which something happens: minute, hour, day of month, month and day of week, by the clocks of a zone.
///
/// A day matches if it matches both of its fields; if neither is `*`, one is enough. That is the rule of crontab(5) and of
/// Kubernetes' CronJob.
package struct CronExpression: Sendable, Hashable {
    /// One bit for each value of a field.
    struct Values: Sendable, Hashable {
        var bits: UInt64 = 0

        func contains(_ value: Int) -> Bool { bits & (1 << UInt64(value)) != 0 }
        mutating func insert(_ value: Int) { bits |= 1 << UInt64(value) }

        /// The least value from there on.
        func next(from value: Int) -> Int? {
            guard value < 64 else { return nil }
            let rest = bits >> UInt64(value)
            return rest == 0 ? nil : value + rest.trailingZeroBitCount
        }

        /// The greatest value down from there.
        func previous(from value: Int) -> Int? {
            guard value >= 0 else { return nil }
            let rest = bits << UInt64(63 - value)
            return rest == 0 ? nil : value - rest.leadingZeroBitCount
        }
    }

    let minutes: Values
    let hours: Values
    let days: Values
    let months: Values
    /// 0 is Sunday.
    let weekdays: Values
    /// The field is `*`, so that the other field alone says which days match.
    let hasAnyDay: Bool
    let hasAnyWeekday: Bool

    /// 29 February may be 8 years away. Without a match in so many months, there is none.
    private static let searchedMonths = 12 * 8 + 2

    /// Whether something happens on a date.
    func matches(_ date: CivilDate) -> Bool {
        let (_, month, day) = date.parts
        return months.contains(month) && matches(day: day, weekday: date.weekday)
    }

    private func matches(day: Int, weekday: Int) -> Bool {
        let (isDay, isWeekday) = (days.contains(day), weekdays.contains(weekday))
        return hasAnyDay || hasAnyWeekday ? isDay && isWeekday : isDay || isWeekday
    }

    /// Whether the day of the week alone says which days match.
    var isWeekly: Bool { hasAnyDay && (1...12).allSatisfy(months.contains) }

    /// Whether there is a date that matches.
    var everMatches: Bool { nextDate(from: CivilDate(daysSince1970: 0)) != nil }

    /// Minutes of a day that matches, in order.
    var minutesOfDay: [Int] {
        (0..<24).filter(hours.contains).flatMap { hour in
            (0..<60).filter(minutes.contains).map { hour * 60 + $0 }
        }
    }

    // MARK: Search

    func next(after local: LocalMinute) -> LocalMinute? {
        let date = local.date
        if matches(date), let minute = minute(from: local.minuteOfDay + 1) {
            return LocalMinute(date, minuteOfDay: minute)
        }
        guard let next = nextDate(from: CivilDate(daysSince1970: date.daysSince1970 + 1)), let minute = minute(from: 0)
        else { return nil }
        return LocalMinute(next, minuteOfDay: minute)
    }

    func previous(atOrBefore local: LocalMinute) -> LocalMinute? {
        let date = local.date
        if matches(date), let minute = minute(downFrom: local.minuteOfDay) {
            return LocalMinute(date, minuteOfDay: minute)
        }
        guard let previous = previousDate(from: CivilDate(daysSince1970: date.daysSince1970 - 1)),
            let minute = minute(downFrom: LocalMinute.perDay - 1)
        else { return nil }
        return LocalMinute(previous, minuteOfDay: minute)
    }

    private func minute(from minuteOfDay: Int) -> Int? {
        let (hour, minute) = (minuteOfDay / 60, minuteOfDay % 60)
        if hours.contains(hour), let next = minutes.next(from: minute) { return hour * 60 + next }
        guard let later = hours.next(from: hour + 1), let first = minutes.next(from: 0) else { return nil }
        return later * 60 + first
    }

    private func minute(downFrom minuteOfDay: Int) -> Int? {
        let (hour, minute) = (minuteOfDay / 60, minuteOfDay % 60)
        if hours.contains(hour), let previous = minutes.previous(from: minute) { return hour * 60 + previous }
        guard let earlier = hours.previous(from: hour - 1), let last = minutes.previous(from: 59) else { return nil }
        return earlier * 60 + last
    }

    func nextDate(from date: CivilDate) -> CivilDate? {
        var (year, month, day) = date.parts
        var days = date.daysSince1970
        for _ in 0..<Self.searchedMonths {
            let length = CivilDate.days(inMonth: month, of: year)
            if months.contains(month) {
                while day <= length {
                    let date = CivilDate(daysSince1970: days)
                    if matches(day: day, weekday: date.weekday) { return date }
                    (day, days) = (day + 1, days + 1)
                }
            }
            days += length + 1 - day
            (year, month, day) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1)
        }
        return nil
    }

    private func previousDate(from date: CivilDate) -> CivilDate? {
        var (year, month, day) = date.parts
        var days = date.daysSince1970
        for _ in 0..<Self.searchedMonths {
            if months.contains(month) {
                while day >= 1 {
                    let date = CivilDate(daysSince1970: days)
                    if matches(day: day, weekday: date.weekday) { return date }
                    (day, days) = (day - 1, days - 1)
                }
            }
            days -= day
            (year, month) = month == 1 ? (year - 1, 12) : (year, month - 1)
            day = CivilDate.days(inMonth: month, of: year)
        }
        return nil
    }
}
