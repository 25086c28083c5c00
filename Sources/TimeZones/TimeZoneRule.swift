import Scaling

/// The rule for times after the last transition of a time zone, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// Source: POSIX.1-2024, chapter 8.3 (the variable TZ), with the extension of RFC 9636, section 3.3.1: hours of a
/// change may be from -167 to 167.
struct TimeZoneRule: Sendable {
    /// The largest offset from UTC in use, in seconds.
    static let longestOffset: Int64 = 26 * 3_600
    private static let defaultHour: Int64 = 2

    private enum Day {
        /// A weekday (0 is Sunday) in a week of a month; week 5 means the last.
        case weekday(Int64, week: Int64, month: Int64)
        /// A day of the year from 1, without 29 February.
        case withoutLeapDay(Int64)
        /// A day of the year from 0, with 29 February.
        case ofYear(Int64)
    }

    private struct Change {
        let day: Day
        /// The seconds after midnight, by the clock before the change.
        let seconds: Int64
    }

    private let standard: Int64
    private let daylight: (offset: Int64, start: Change, end: Change)?

    var offsets: Set<Int64> { [standard, daylight?.offset ?? standard] }

    /// Parses a rule; returns nil if the text is malformed.
    init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var names = Scanner(parts[0])
        guard names.name(), let standard = names.seconds(hours: 24) else { return nil }
        self.standard = -standard
        guard !names.isAtEnd else {
            guard parts.count == 1 else { return nil }
            daylight = nil
            return
        }
        guard names.name(), parts.count == 3 else { return nil }
        let offset = names.isAtEnd ? -standard + 3_600 : names.seconds(hours: 24).map { -$0 }
        guard let offset, names.isAtEnd, let start = Self.change(parts[1]), let end = Self.change(parts[2]) else {
            return nil
        }
        daylight = (offset, start, end)
    }

    /// - Parameter seconds: since 1970.
    func offset(at seconds: Int64) -> Int64 {
        guard let daylight else { return standard }
        let year = Self.year(of: seconds + standard)
        let start = Self.time(daylight.start, in: year) - standard
        let end = Self.time(daylight.end, in: year) - daylight.offset
        let isDaylight = start < end ? start <= seconds && seconds < end : seconds >= start || seconds < end
        return isDaylight ? daylight.offset : standard
    }

    /// The changes next to an instant, where the offset really is another: the last one by then and the first one after.
    /// Nil for one that the years beside do not have.
    ///
    /// - Parameter seconds: since 1970.
    func changes(around seconds: Int64) -> (last: Int64?, next: Int64?) {
        guard let daylight else { return (nil, nil) }
        let year = Self.year(of: seconds + standard)
        let changes = (year - 1...year + 1).flatMap { year in
            [
                Self.time(daylight.start, in: year) - standard,
                Self.time(daylight.end, in: year) - daylight.offset,
            ]
        }.filter { offset(at: $0) != offset(at: $0 - 1) }
        return (changes.filter { $0 <= seconds }.max(), changes.filter { $0 > seconds }.min())
    }

    /// Seconds since 1970, by the clock before the change.
    private static func time(_ change: Change, in year: Int) -> Int64 {
        let isLeapYear = CivilDate.days(inMonth: 2, of: year) == 29
        let day =
            switch change.day {
            case .ofYear(let number): day(year, 1, 1) + number
            case .withoutLeapDay(let number): day(year, 1, 1) + number - (isLeapYear && number >= 60 ? 0 : 1)
            case .weekday(let weekday, let week, let month): Self.day(weekday, week, month, in: year)
            }
        return day * 86_400 + change.seconds
    }

    private static func day(_ weekday: Int64, _ week: Int64, _ month: Int64, in year: Int) -> Int64 {
        let first = day(year, Int(month), 1)
        let next = first + Int64(CivilDate.days(inMonth: Int(month), of: year))
        // 1 January 1970 was a Thursday.
        let shift = (weekday - (first + 4) % 7 + 14) % 7
        let day = first + shift + (week - 1) * 7
        return day < next ? day : day - 7
    }

    /// Days since 1970.
    private static func day(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        Int64(CivilDate(year: year, month: month, day: day)?.daysSince1970 ?? 0)
    }

    private static func year(of seconds: Int64) -> Int {
        CivilDate(daysSince1970: Int((Double(seconds) / 86_400).rounded(.down))).parts.year
    }

    private static func change(_ text: Substring) -> Change? {
        var scanner = Scanner(text)
        guard let day = scanner.day() else { return nil }
        guard !scanner.isAtEnd else { return Change(day: day, seconds: defaultHour * 3_600) }
        guard scanner.take("/"), let seconds = scanner.seconds(hours: 167), scanner.isAtEnd else { return nil }
        return Change(day: day, seconds: seconds)
    }

    private struct Scanner {
        private var rest: Substring

        init(_ text: Substring) { rest = text }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func take(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        /// Parses a name: letters, or anything between `<` and `>`.
        mutating func name() -> Bool {
            if take("<") {
                rest = rest.drop { $0 != ">" }
                return take(">")
            }
            let name = rest.prefix(while: \.isLetter)
            rest = rest[name.endIndex...]
            return !name.isEmpty
        }

        mutating func number(_ bounds: ClosedRange<Int64>) -> Int64? {
            let digits = rest.prefix(while: \.isNumber)
            rest = rest[digits.endIndex...]
            return Int64(digits).flatMap { bounds.contains($0) ? $0 : nil }
        }

        /// Parses an offset, `[+-]hh[:mm[:ss]]`.
        mutating func seconds(hours: Int64) -> Int64? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard var seconds = number(0...hours).map({ $0 * 3_600 }) else { return nil }
            for unit: Int64 in [60, 1] where take(":") {
                guard let part = number(0...59) else { return nil }
                seconds += part * unit
            }
            return isNegative ? -seconds : seconds
        }

        mutating func day() -> Day? {
            if take("M") {
                guard let month = number(1...12), take("."), let week = number(1...5), take("."),
                    let weekday = number(0...6)
                else { return nil }
                return .weekday(weekday, week: week, month: month)
            }
            if take("J") { return number(1...365).map(Day.withoutLeapDay) }
            return number(0...365).map(Day.ofYear)
        }
    }
}
