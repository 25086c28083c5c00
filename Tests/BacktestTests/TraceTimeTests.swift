import Scaling
import Testing

@testable import Backtest
@testable import TimeZones

@Suite("Times in traces")
struct TraceTimeTests {
    private func microseconds(_ text: Substring, _ zone: TraceZone? = nil) throws(TraceTime.Problem) -> Int64 {
        try TraceTime(zone: zone).time(text).microsecondsSince1970
    }

    @Test(
        "a time with a zone, or since 1970 in any unit, is read to the microsecond",
        arguments: [
            "2026-03-02T00:00:15.123456Z", "2026-03-02t00:00:15.123456789z", "2026-03-02 01:00:15.123456+01:00",
            "2026-03-02 01:00:15.123456 +0100", "2026-03-02T01:00:15.123456+01", "2026/03/02 00:00:15.123456 UTC",
            "2026-03-01 20:00:15.123456 -4:00", "1772409615.123456", "1772409615123.456", "1772409615123456",
            "1772409615123456789", "1.772409615123456E+09", "1.772409615123456e12",
        ] as [Substring])
    func reads(text: Substring) throws {
        #expect(try microseconds(text) == 1_772_409_615_123_456)
    }

    @Test(
        "short forms of a time are read: full minutes, and seconds or milliseconds since 1970",
        arguments: [
            ("2026-03-02T00:00Z", 1_772_409_600), ("2026-03-02 01:00 +01:00", 1_772_409_600), ("0", 0), ("15.5", 15.5),
            ("-1", -1), ("99999999999", 99_999_999_999), ("100000000000", 100_000_000),
        ] as [(Substring, Double)])
    func shortForms(text: Substring, seconds: Double) throws {
        #expect(try Double(microseconds(text)) == seconds * 1e6)
    }

    @Test(
        "a time without an unambiguous day or zone is refused with the cause",
        arguments: [
            ("2026-03-02 00:00:00", "has no time zone"), ("2026-03-02T00:00", "has no time zone"),
            ("2026-03-02", "has no time zone"), ("3/2/2026 0:00", "is ambiguous in day, month and year"),
            ("02.03.2026 00:00", "is ambiguous in day, month and year"),
            ("2026-03-02 00:00:00 CET", "\"CET\" in place of an offset from UTC"),
            ("2026-03-02 12:00:00 AM", "\"AM\" in place of an offset"),
            ("2026-02-30 00:00:00", "is not a time such as"),
            ("2026-03-02 00:00:00 +25:00", "in place of an offset"), ("2026-13-01T00:00:00Z", "is not a time such as"),
            ("noon", "is not a time such as"), ("", "is not a time such as"),
            ("1,772,409,600", "is not a time such as"),
        ] as [(Substring, String)])
    func refuses(text: Substring, message: String) {
        let problem = #expect(throws: TraceTime.Problem.self) { try microseconds(text) }
        #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    }

    @Test(
        "a local time is read in the given zone, on both sides of a clock change",
        arguments: [
            ("2026-01-15 12:00:15.5", "2026-01-15T11:00:15Z"), ("2026-07-15 12:00", "2026-07-15T10:00:00Z"),
            ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"), ("2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
            ("2026-10-25 01:59:59", "2026-10-24T23:59:59Z"), ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
            ("1996-07-01 12:00:00", "1996-07-01T10:00:00Z"), ("1995-07-01 12:00:00", "1995-07-01T11:00:00Z"),
            // An explicit zone takes precedence.
            ("2026-07-15 12:00:00Z", "2026-07-15T12:00:00Z"),
        ] as [(Substring, String)])
    func localTimes(text: Substring, expected: String) throws {
        let zone = try TraceZone(name: "Europe/Berlin", data: ZoneData.berlin)
        #expect(try TraceTime(zone: zone).time(text).text == expected)
    }

    @Test("a local time that happens twice or never is refused with the cause")
    func changes() throws {
        let zone = try TraceZone(name: "Europe/Berlin", data: ZoneData.berlin)
        for (text, message) in [
            ("2026-10-25 02:00:00", "happens twice in Europe/Berlin"), ("2026-10-25 02:59:59", "happens twice"),
            ("2026-03-29 02:00:00", "does not exist in Europe/Berlin"), ("2026-03-29 02:59:59", "does not exist"),
        ] as [(Substring, String)] {
            let problem = #expect(throws: TraceTime.Problem.self) { try microseconds(text, zone) }
            #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
        }
    }

    @Test(
        "a UTC offset may be used as a zone",
        arguments: [("+01:00", -3_600), ("-0330", 12_600), ("+5", -18_000), ("UTC", 0), ("z", 0)] as [(String, Int64)])
    func offsets(text: String, difference: Int64) throws {
        let zone = try #require(TraceZone(offset: text))
        #expect(try microseconds("2026-03-02 00:00:00", zone) == (1_772_409_600 + difference) * 1_000_000)
    }

    @Test(
        "text other than a UTC offset is refused",
        arguments: ["", "+", "+15:00", "+1:5", "01:00", "Europe/Berlin", "+01:60", "+1:2:3"])
    func noOffset(text: String) {
        #expect(TraceZone(offset: text) == nil)
    }
}

@Suite("Rules of time zones")
struct TimeZoneRuleTests {
    private func offsets(_ rule: String, _ times: [String]) throws -> [Int64] {
        let rule = try #require(TimeZoneRule(rule))
        return times.map { rule.offset(at: (Timestamp(text: $0)?.microsecondsSince1970 ?? 0) / 1_000_000) }
    }

    @Test("the offset changes at the second that the time zone rule defines, in both hemispheres")
    func changes() throws {
        #expect(
            try offsets(
                "EST5EDT,M3.2.0,M11.1.0",
                ["2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z", "2026-11-01T05:59:59Z", "2026-11-01T06:00:00Z"])
                == [-18_000, -14_400, -14_400, -18_000])
        #expect(
            try offsets(
                "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
                ["2026-04-04T14:59:59Z", "2026-04-04T15:00:00Z", "2026-10-03T15:29:59Z", "2026-10-03T15:30:00Z"])
                == [39_600, 37_800, 37_800, 39_600])
        // Hours of a change below 0 and above 24.
        #expect(
            try offsets("EET-2EEST,M3.4.4/50,M10.4.4/50", ["2026-03-28T00:00:00Z", "2026-03-27T23:59:59Z"])
                == [10_800, 7_200])
        #expect(
            try offsets("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"])
                == [-7_200, -3_600])
    }

    @Test("days of the year count 29 February or not, as the time zone rule defines")
    func daysOfYear() throws {
        let days = ["2024-02-29T12:00:00Z", "2024-03-01T12:00:00Z", "2025-03-01T12:00:00Z", "2025-03-02T12:00:00Z"]
        #expect(try offsets("A0B,J60/0,J200/0", days) == [0, 3_600, 3_600, 3_600])
        #expect(try offsets("A0B,59/0,200/0", days) == [3_600, 3_600, 3_600, 3_600])
        #expect(try offsets("A0B,60/0,200/0", days) == [0, 3_600, 0, 3_600])
    }

    @Test(
        "a time zone without changes has one offset",
        arguments: [("UTC0", 0), ("<+0545>-5:45", 20_700)] as [(String, Int64)])
    func constant(rule: String, offset: Int64) throws {
        #expect(try offsets(rule, ["2026-07-01T00:00:00Z"]) == [offset])
    }

    @Test(
        "text other than a POSIX time zone rule is refused",
        arguments: [
            "", "CET", "1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
            "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1,", "<+01-1", "CET-25",
        ])
    func refuses(rule: String) {
        #expect(TimeZoneRule(rule) == nil)
    }

    @Test("a time zone file that is truncated or has another header is refused and never read past its end")
    func brokenFiles() {
        let whole = ZoneData.berlin
        #expect(TimeZoneFile(whole) != nil)
        // Without its last newline, the file is still complete.
        for length in 0..<whole.count - "CET-1CEST,M3.5.0,M10.5.0/3\n".utf8.count {
            #expect(TimeZoneFile(Array(whole.prefix(length))) == nil, "\(length) bytes")
        }
        #expect(TimeZoneFile(Array("TZix".utf8) + whole.dropFirst(4)) == nil)
        #expect(throws: TraceError.self) { try TraceZone(name: "x", data: []) }
    }

    @Test("a time zone file that counts leap seconds is refused because no clock shows them")
    func leapSeconds() {
        let file = ZoneData.file(
            changes: [("1996-03-31T01:00:00Z", 1)], types: [ZoneData.standard, ZoneData.daylight],
            rule: "CET-1CEST,M3.5.0,M10.5.0/3", leapSeconds: [78_796_800])
        #expect(TimeZoneFile(file) == nil)
    }
}
