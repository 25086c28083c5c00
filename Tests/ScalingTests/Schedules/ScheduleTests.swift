import Testing

@testable import Scaling

/// A zone whose clocks are an hour ahead in its summer, with the changes of New York in 2026.
struct TestZone: TimeZoneOffsets {
    let name = "Test/Zone"

    /// 2026-03-08T07:00:00Z, 2026-11-01T06:00:00Z
    private static let changes: [(Int64, Int64)] = [(1_772_953_200, -14_400), (1_793_512_800, -18_000)]

    func span(at instant: Int64) -> OffsetSpan {
        if instant < Self.changes[0].0 { return OffsetSpan(start: nil, end: Self.changes[0].0, offset: -18_000) }
        if instant < Self.changes[1].0 {
            return OffsetSpan(start: Self.changes[0].0, end: Self.changes[1].0, offset: -14_400)
        }
        return OffsetSpan(start: Self.changes[1].0, end: nil, offset: -18_000)
    }
}

/// `2026-03-02 08:00`, in UTC.
func utc(_ text: String) -> Timestamp { Timestamp(secondsSince1970: CronTests.minute(text).seconds) }

extension Schedule {
    static func test(
        _ start: String, _ end: String? = nil, duration: Duration? = nil, except: [String] = [],
        zone: any TimeZoneOffsets = TestZone(), name: String = "day", min: Int? = nil, max: Int? = nil,
        targets: [String: Double] = [:]
    ) throws -> Schedule {
        Schedule(
            name: name, start: try CronExpression(start),
            end: try end.map { .at(try CronExpression($0)) } ?? .after(duration ?? .seconds(3_600)), zone: zone,
            exceptDates: Set(except.compactMap { CivilDate($0) }), minReplicas: min, maxReplicas: max, targets: targets)
    }

    /// The windows that begin in a range of time, by walking from edge to edge.
    func windows(from start: Timestamp, to end: Timestamp) -> [Window] {
        var windows: [Window] = []
        var time = start
        while let next = nextStart(after: time), next < end, let window = window(at: next) {
            windows.append(window)
            time = window.end + .microseconds(-1)
        }
        return windows
    }
}

@Suite("The windows of a schedule")
struct ScheduleTests {
    private func windows(_ schedule: Schedule, _ start: String, _ end: String) -> [[Timestamp]] {
        schedule.windows(from: utc(start), to: utc(end)).map { [$0.start, $0.end] }
    }

    @Test("windows keep the local time of day when the clocks change")
    func businessHours() throws {
        let schedule = try Schedule.test("0 8 * * 1-5", "0 18 * * 1-5")
        #expect(
            windows(schedule, "2026-03-05 23:30", "2026-03-10 00:00") == [
                [utc("2026-03-06 13:00"), utc("2026-03-06 23:00")], [utc("2026-03-09 12:00"), utc("2026-03-09 22:00")],
            ])
        let noon = utc("2026-03-09 12:00")
        #expect(schedule.window(at: noon + .microseconds(-1)) == nil)
        #expect(schedule.window(at: noon)?.start == noon)
        #expect(schedule.window(at: utc("2026-03-09 22:00") + .microseconds(-1)) != nil)
        #expect(schedule.window(at: utc("2026-03-09 22:00")) == nil)
    }

    @Test(
        "a window whose start the clock change skips begins at the change, and one that is skipped entirely is omitted")
    func skipped() throws {
        let change = utc("2026-03-08 07:00")
        #expect(
            windows(try .test("30 2 * * *", "0 4 * * *"), "2026-03-08 06:00", "2026-03-09 00:00") == [
                [change, utc("2026-03-08 08:00")]
            ])
        // An end that is skipped ends at the change too.
        #expect(
            windows(try .test("0 1 * * *", "30 2 * * *"), "2026-03-08 05:00", "2026-03-09 00:00") == [
                [utc("2026-03-08 06:00"), change]
            ])
        #expect(
            windows(try .test("15 2 * * *", "45 2 * * *"), "2026-03-08 00:00", "2026-03-10 00:00") == [
                [utc("2026-03-09 06:15"), utc("2026-03-09 06:45")]
            ])
        // Elapsed time goes on.
        #expect(
            windows(try .test("30 1 * * *", duration: .seconds(5_400)), "2026-03-08 05:00", "2026-03-09 00:00") == [
                [utc("2026-03-08 06:30"), utc("2026-03-08 08:00")]
            ])
    }

    @Test("a local time that occurs twice counts once, at its first instant")
    func repeated() throws {
        #expect(
            windows(try .test("30 1 * * *", "45 1 * * *"), "2026-11-01 00:00", "2026-11-02 00:00") == [
                [utc("2026-11-01 05:30"), utc("2026-11-01 05:45")]
            ])
        // From half past one, for the first time, to three, when the clocks have been set back once.
        #expect(
            windows(try .test("30 1 * * *", "0 3 * * *"), "2026-11-01 00:00", "2026-11-02 00:00") == [
                [utc("2026-11-01 05:30"), utc("2026-11-01 08:00")]
            ])
        // In the second pass the window of the first is over, and the next minute that counts is the one after it.
        let minutes = try Schedule.test("*/20 * * * *", duration: .seconds(300))
        #expect(minutes.window(at: utc("2026-11-01 06:21")) == nil)
        #expect(minutes.nextStart(after: utc("2026-11-01 05:40")) == utc("2026-11-01 07:00"))
    }

    @Test("a window continues past midnight and past an exceptDate")
    func exceptDates() throws {
        let schedule = try Schedule.test("0 22 * * *", "0 6 * * *", except: ["2026-12-25", "2026-12-26"])
        #expect(
            windows(schedule, "2026-12-24 00:00", "2026-12-29 00:00") == [
                [utc("2026-12-24 03:00"), utc("2026-12-24 11:00")], [utc("2026-12-25 03:00"), utc("2026-12-25 11:00")],
                [utc("2026-12-28 03:00"), utc("2026-12-28 11:00")],
            ])
        // 22:30 on the 25th, by the clocks of the zone.
        #expect(schedule.window(at: utc("2026-12-26 03:30")) == nil)
        let none = try Schedule.test("0 8 25 12 *", except: (2_020...2_040).map { "\($0)-12-25" })
        #expect(none.nextStart(after: utc("2026-01-01 00:00")) == utc("2041-12-25 13:00"))
    }

    @Test("a schedule for 29 February is active on leap days only")
    func leapDay() throws {
        let schedule = try Schedule.test("0 0 29 2 *", duration: .seconds(86_400), zone: UniversalTime())
        #expect(
            windows(schedule, "2026-01-01 00:00", "2034-01-01 00:00") == [
                [utc("2028-02-29 00:00"), utc("2028-03-01 00:00")], [utc("2032-02-29 00:00"), utc("2032-03-01 00:00")],
            ])
    }

    @Test("windows without a gap between them are one window")
    func merged() throws {
        let schedule = try Schedule.test("0 0 * * 1-5", duration: .seconds(86_400), zone: UniversalTime())
        #expect(
            windows(schedule, "2026-03-01 00:00", "2026-03-08 00:00") == [
                [utc("2026-03-02 00:00"), utc("2026-03-07 00:00")]
            ])
    }

    @Test(
        "schedules that never begin or never end are found",
        arguments: [
            ("0 8 30 2 *", "0 9 * * *", .neverBegins), ("0 8 * * *", "0 9 31 2 *", .neverEnds),
            ("0 8 * * *", "0 8 * * *", .startIsEnd), ("0 8 * * *", "0 18 * * FRI", .longerThanPeriod),
            ("0 8 * * *", "0 18 1-30 * *", .longerThanPeriod), ("0 8 * * *", "0 18 * 1-11 *", .longerThanPeriod),
            ("0 * * * *", "30 */2 * * *", .longerThanPeriod), ("0 8,12 * * *", "0 18 * * *", .longerThanPeriod),
            ("0 0 29 2 *", "0 0 28 2 *", nil), ("0 8 * * 1-5", "0 18 * * *", nil), ("0 22 * * *", "0 6 * * *", nil),
            ("0 8,14 * * *", "0 12,18 * * *", nil), ("0 8 1 * *", "0 8 15 * *", nil),
            // At the same minute the end comes first.
            ("0 8,12 * * *", "0 12,18 * * *", nil),
        ] as [(String, String, Schedule.Problem?)])
    func problems(start: String, end: String, expected: Schedule.Problem?) throws {
        #expect(try Schedule.test(start, end).problem == expected)
    }

    @Test(
        "windows that are longer than the time to the next start are found",
        arguments: [
            ("0 8 * * *", 86_400, nil), ("0 8 * * *", 86_401, .longerThanPeriod), ("*/7 * * * *", 240, nil),
            ("*/7 * * * *", 241, .longerThanPeriod), ("0 8 * * MON,WED", 2 * 86_400, nil),
            ("0 8 * * MON,WED", 2 * 86_400 + 1, .longerThanPeriod), ("0 8 1 * *", 28 * 86_400, nil),
            ("0 8 1 * *", 28 * 86_400 + 60, .longerThanPeriod), ("0 8 29 2 *", 366 * 86_400, nil),
            ("0 23 * * *", 86_400, nil), ("0 0,23 * * *", 3_601, .longerThanPeriod),
        ] as [(String, Int, Schedule.Problem?)])
    func periods(start: String, seconds: Int, expected: Schedule.Problem?) throws {
        #expect(try Schedule.test(start, duration: .seconds(seconds)).problem == expected)
    }
}
