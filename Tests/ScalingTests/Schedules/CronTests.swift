import TestSupport
import Testing

@testable import Scaling

@Suite("A cron expression")
struct CronTests {
    /// `2026-03-02 08:00`.
    static func minute(_ text: String) -> LocalMinute {
        let parts = text.split(separator: " ")
        let time = parts[1].split(separator: ":").compactMap { Int($0) }
        return LocalMinute(CivilDate(String(parts[0]))!, minuteOfDay: time[0] * 60 + time[1])
    }

    @Test(
        "the next time of a cron expression is the next matching minute",
        arguments: [
            ("0 8 * * 1-5", "2026-03-06 08:00", "2026-03-09 08:00"),
            ("0 8 * * 1-5", "2026-03-06 07:59", "2026-03-06 08:00"),
            ("*/15 * * * *", "2026-03-06 07:59", "2026-03-06 08:00"),
            ("7-20/6 * * * *", "2026-03-06 07:13", "2026-03-06 07:19"),
            ("50/5 23 * * *", "2026-03-06 23:50", "2026-03-06 23:55"),
            ("0 0 29 2 *", "2096-02-29 00:00", "2104-02-29 00:00"),
            ("59 23 31 DEC *", "2026-12-31 23:59", "2027-12-31 23:59"),
            ("0 0 31 * *", "2026-03-31 00:00", "2026-05-31 00:00"),
            // One of both is enough if neither is *.
            ("0 0 13 * FRI", "2026-03-01 00:00", "2026-03-06 00:00"),
            ("0 0 13 * FRI", "2026-10-10 00:00", "2026-10-13 00:00"),
            ("0 0 1-7 * *", "2026-03-07 00:00", "2026-04-01 00:00"),
            ("0 12 * jan,Jul sun", "2026-01-25 12:00", "2026-07-05 12:00"),
            ("0 12 * * 7", "2026-03-02 00:00", "2026-03-08 12:00"),
            ("0 12 * * 5-7", "2026-03-07 12:00", "2026-03-08 12:00"),
            ("0 12 * * */2", "2026-03-02 00:00", "2026-03-03 12:00"),
            ("  0\t8  *  * * ", "2026-03-06 08:00", "2026-03-07 08:00"),
        ])
    func next(text: String, after: String, expected: String) throws {
        let cron = try CronExpression(text)
        #expect(cron.next(after: Self.minute(after)) == Self.minute(expected))
        #expect(cron.previous(atOrBefore: Self.minute(expected)) == Self.minute(expected))
        #expect(cron.everMatches)
    }

    @Test(
        "a cron expression is written in a form that has the same times",
        arguments: [
            ("0 8 * * MON-FRI", "0 8 * * 1-5"), ("*/15 0-23 * * *", "*/15 * * * *"),
            ("0,15,30,45 8 1-31 * *", "*/15 8 1-31 * *"),
            ("7-20/6 5 * JAN,MAR 7", "7,13,19 5 * 1,3 0"), ("0-59 0 1,2,3,9 */3 0-6", "* 0 1-3,9 */3 0-6"),
            ("0,59 0,23 * 1,12 *", "*/59 */23 * */11 *"),
            ("59 23 */2 * *", "59 23 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31 * *"),
        ])
    func written(text: String, canonical: String) throws {
        let cron = try CronExpression(text)
        #expect(cron.text == canonical)
        #expect(try CronExpression(cron.text) == cron)
    }

    @Test("a cron expression whose day no month has never matches", arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *"])
    func never(text: String) throws {
        let cron = try CronExpression(text)
        #expect(!cron.everMatches)
        #expect(cron.next(after: Self.minute("2026-03-02 00:00")) == nil)
        #expect(cron.previous(atOrBefore: Self.minute("2026-03-02 00:00")) == nil)
    }

    @Test(
        "an invalid cron expression is rejected with the field and the fix",
        arguments: [
            ("", "must have five fields"), ("0 8 * *", "not 4"), ("0 0 8 * * *", "not 6"),
            ("60 8 * * *", "60 in the field minute"),
            ("0 24 * * *", "24 in the field hour is not from 0 to 23"), ("0 0 0 * *", "day of month"),
            ("0 0 * 13 *", "month"), ("0 0 * * 8", "day of week is not from 0 to 7"),
            ("0 0 * FEBRUARY *", "\"FEBRUARY\""),
            ("0 0 * * FRI-MON", "begins after it ends"), ("0 18-8 * * *", "begins after it ends"),
            ("*/0 * * * *", "the step /0"), ("*/61 * * * *", "the step /61"), ("1//2 * * * *", "\"1//2\""),
            ("1,,2 * * * *", "is invalid"), (", * * * *", "is invalid"), ("+5 * * * *", "\"+5\""),
            ("-5 * * * *", "is invalid"), ("1-2-3 * * * *", "is invalid"), ("1_0 * * * *", "\"1_0\""),
            ("0 0 L * *", "\"L\""), ("0 0 ? * *", "\"?\""), ("0 0 * * 1#2", "\"1#2\""), ("٣ * * * *", "\"٣\""),
            ("@daily", "write \"0 0 * * *\""), ("@every 5m", "write five fields"), ("TZ=UTC 0 0 * * *", "set timeZone"),
            ("00000 0 * * *", "\"00000\""),
        ])
    func refused(text: String, message: String) {
        let problem = #expect(throws: CronProblem.self) { try CronExpression(text) }
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    }

    @Test("a cron expression with too many characters is rejected")
    func long() {
        let minutes = Array(repeating: "1", count: 130).joined(separator: ",")
        let problem = #expect(throws: CronProblem.self) { try CronExpression("\(minutes) * * * *") }
        #expect(problem?.message == "has more than 256 characters")
    }

    // MARK: Properties

    /// One field as a text, and the values that it stands for.
    private static func field(_ range: ClosedRange<Int>, _ random: inout SplitMix64) -> (text: String, values: Set<Int>)
    {
        if random.chance(percent: 40) { return ("*", Set(range)) }
        var items: [String] = []
        var values: Set<Int> = []
        for _ in 0..<random.within(1...3) {
            let low = random.within(range)
            let high = random.within(low...range.upperBound)
            let step = random.within(1...4)
            switch random.below(3) {
            case 0:
                items.append("\(low)")
                values.insert(low)
            case 1:
                items.append("\(low)-\(high)")
                values.formUnion(low...high)
            default:
                items.append("\(low)-\(high)/\(step)")
                values.formUnion(stride(from: low, through: high, by: step))
            }
        }
        return (items.joined(separator: ","), values)
    }

    @Test(
        "a search forwards and backwards finds exactly the minutes that match the fields",
        arguments: 0..<200 as Range<UInt64>)
    func property(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let minutes = Self.field(0...59, &random)
        let hours = Self.field(0...23, &random)
        let days = Self.field(1...31, &random)
        let months = Self.field(1...12, &random)
        let weekdays = Self.field(0...6, &random)
        let text = [minutes, hours, days, months, weekdays].map(\.text).joined(separator: " ")
        let cron = try CronExpression(text)
        func matches(_ local: LocalMinute) -> Bool {
            let (_, month, day) = local.date.parts
            let isDay = days.values.contains(day)
            let isWeekday = weekdays.values.contains(local.date.weekday)
            let isDate = days.text == "*" || weekdays.text == "*" ? isDay && isWeekday : isDay || isWeekday
            return isDate && months.values.contains(month) && hours.values.contains(local.minuteOfDay / 60)
                && minutes.values.contains(local.minuteOfDay % 60)
        }
        let start = Self.minute("2026-01-01 00:00").minutesSince1970 + random.below(3 * 365 * 1_440)
        let span = 3 * 1_440
        let expected = (start + 1...start + span).map { LocalMinute(minutesSince1970: $0) }.filter(matches)
        var found: [LocalMinute] = []
        var time = LocalMinute(minutesSince1970: start)
        while let next = cron.next(after: time), next.minutesSince1970 <= start + span {
            found.append(next)
            time = next
        }
        #expect(found == expected, "\(text)")
        var backwards: [LocalMinute] = []
        time = LocalMinute(minutesSince1970: start + span)
        while let previous = cron.previous(atOrBefore: time), previous.minutesSince1970 > start {
            backwards.append(previous)
            time = LocalMinute(minutesSince1970: previous.minutesSince1970 - 1)
        }
        #expect(backwards == found.reversed(), "\(text)")
        // What lies beyond matches as well, and nothing was skipped right after.
        if let beyond = cron.next(after: LocalMinute(minutesSince1970: start + span)) {
            #expect(matches(beyond), "\(text)")
        }
    }

    @Test("dates, leap days included, are read and written back unchanged")
    func dates() {
        for text in ["1970-01-01", "2000-02-29", "2026-12-25", "1969-12-31", "0001-01-01", "9999-12-31", "2100-02-28"] {
            #expect(CivilDate(text)?.description == text || text.hasPrefix("0"), "\(text)")
        }
        for text in [
            "", "2026-2-1", "2026-02-29", "2100-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "+026-01-01",
            "2026-01-01 ",
        ] {
            #expect(CivilDate(text) == nil, "\(text)")
        }
        var expected = CivilDate("1995-01-01")!.daysSince1970
        for year in 1995...2105 {
            for month in 1...12 {
                for day in 1...CivilDate.days(inMonth: month, of: year) {
                    let date = CivilDate(year: year, month: month, day: day)!
                    #expect(date.daysSince1970 == expected && date.parts == (year, month, day))
                    expected += 1
                }
            }
        }
    }
}
