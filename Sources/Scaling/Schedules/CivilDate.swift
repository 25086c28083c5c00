/// A date of the Gregorian calendar, without a time zone.
package struct CivilDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var daysSince1970: Int

    package init(daysSince1970: Int) {
        self.daysSince1970 = daysSince1970
    }

    /// The date, or nil if the month does not have the day.
    package init?(year: Int, month: Int, day: Int) {
        guard (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day) else { return nil }
        self.init(validYear: year, month: month, day: day)
    }

    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`: the year begins in
    /// March, so that the leap day is its last.
    private init(validYear: Int, month: Int, day: Int) {
        let year = month <= 2 ? validYear - 1 : validYear
        let era = year.dividedDown(by: 400)
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        daysSince1970 = era * 146_097 + dayOfEra - 719_468
    }

    /// Reads `2026-12-25`.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2] else { return nil }
        let numbers = parts.compactMap { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int($0) : nil }
        guard numbers.count == 3 else { return nil }
        self.init(year: numbers[0], month: numbers[1], day: numbers[2])
    }

    package static func < (left: CivilDate, right: CivilDate) -> Bool { left.daysSince1970 < right.daysSince1970 }

    /// 0 is Sunday. 1 January 1970 was a Thursday.
    package var weekday: Int { ((daysSince1970 + 4) % 7 + 7) % 7 }

    /// Source: as above, `civil_from_days`.
    package var parts: (year: Int, month: Int, day: Int) {
        let shifted = daysSince1970 + 719_468
        let era = shifted.dividedDown(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    package var description: String {
        let (year, month, day) = parts
        return "\(year)-\(month.twoDigits)-\(day.twoDigits)"
    }

    package static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// A minute as the clocks of some time zone show it.
package struct LocalMinute: Sendable, Hashable, Comparable {
    package static let perDay = 1_440

    /// As if the clocks showed UTC.
    package var minutesSince1970: Int

    package init(minutesSince1970: Int) {
        self.minutesSince1970 = minutesSince1970
    }

    package init(_ date: CivilDate, minuteOfDay: Int = 0) {
        minutesSince1970 = date.daysSince1970 * Self.perDay + minuteOfDay
    }

    /// The minute that a local time, in seconds since 1970, is in.
    init(seconds: Int64) {
        minutesSince1970 = Int(seconds).dividedDown(by: 60)
    }

    var seconds: Int64 { Int64(minutesSince1970) * 60 }

    package var date: CivilDate { CivilDate(daysSince1970: minutesSince1970.dividedDown(by: Self.perDay)) }

    package var minuteOfDay: Int { minutesSince1970 - date.daysSince1970 * Self.perDay }

    package static func < (left: LocalMinute, right: LocalMinute) -> Bool {
        left.minutesSince1970 < right.minutesSince1970
    }
}

extension Int {
    /// The quotient, rounded down.
    func dividedDown(by divisor: Int) -> Int {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }

    var twoDigits: String { self < 10 ? "0\(self)" : "\(self)" }
}
