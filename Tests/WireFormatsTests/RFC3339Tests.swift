import TestSupport
import Testing
import WireFormats

@Suite("RFC 3339 times")
struct RFC3339Tests {
    static let readable: [(String, Int64)] = [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01 00:00:00Z", 0),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.1Z", 100_000),
        ("1970-01-01T00:00:00.1234567899Z", 123_456),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("1970-01-01T01:30:00+01:30", 0),
        ("1969-12-31T22:30:00-01:30", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2000-02-29T12:00:00Z", 951_825_600_000_000),
        ("2024-02-29T23:59:59Z", 1_709_251_199_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000_000),
        ("2026-01-02T03:04:05.678Z", 1_767_323_045_678_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        // As formatted by Python's datetime.
        ("1153-10-17T22:26:45.740996+05:30", -25_756_988_594_259_004),
        ("9051-04-09T04:47:40.680585-09:30", 223_463_283_460_680_585),
        ("1715-07-25T16:50:09.184557-09:30", -8_029_229_990_815_443),
        ("0039-06-22T14:09:05.509977-00:01", -60_921_539_394_490_023),
        ("4179-11-15T11:11:17.000757+01:00", 69_736_846_277_000_757),
        ("1868-06-01T18:34:18.264738+05:30", -3_205_652_141_735_262),
        ("0408-10-07T02:42:14.446812+00:00", -49_267_775_865_553_188),
    ]

    @Test("an RFC 3339 time is parsed", arguments: readable)
    func rfc3339Time(_ text: String, _ microseconds: Int64) {
        #expect(RFC3339.microseconds(text) == microseconds)
    }

    @Test(
        "a malformed RFC 3339 time is nil",
        arguments: [
            "", "2026", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-1-2T03:04:05Z",
            "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
            "2026-04-31T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-01-02T24:00:00Z",
            "2026-01-02T23:60:00Z", "2026-01-02T23:59:61Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05,5Z",
            "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05+0100", "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05ZZ", " 2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z ",
            "-2026-01-02T03:04:05Z", "+2026-01-02T03:04:05Z", "12026-01-02T03:04:05Z", "2026/01/02T03:04:05Z",
            "2026-01-02X03:04:05Z", "２026-01-02T03:04:05Z", "1767323045", "now",
            // Times in a UTC year that has no text form.
            "9999-12-31T23:59:59.999999-23:59", "0000-01-01T00:00:00+05:30",
        ])
    func malformedRFC3339(_ text: String) {
        #expect(RFC3339.microseconds(text) == nil)
    }

    @Test("the text of a time is in UTC and truncated to the precision, also before 1970")
    func precision() {
        let time: Int64 = 1_767_323_045_678_901
        #expect(RFC3339.text(microseconds: time) == "2026-01-02T03:04:05.678Z")
        #expect(RFC3339.text(microseconds: time, precision: .seconds) == "2026-01-02T03:04:05Z")
        #expect(RFC3339.text(microseconds: time, precision: .microseconds) == "2026-01-02T03:04:05.678901Z")
        #expect(RFC3339.text(microseconds: 0, precision: .microseconds) == "1970-01-01T00:00:00.000000Z")
        #expect(RFC3339.text(microseconds: -1) == "1969-12-31T23:59:59.999Z")
    }

    @Test(
        "the exact text of a time has microseconds only if milliseconds cannot express it",
        arguments: [
            (1_767_323_045_678_901, "2026-01-02T03:04:05.678901Z"), (1_767_323_045_678_000, "2026-01-02T03:04:05.678Z"),
            (-1, "1969-12-31T23:59:59.999999Z"), (-1_000, "1969-12-31T23:59:59.999Z"), (0, "1970-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func exact(microseconds: Int64, text: String) {
        #expect(RFC3339.text(microseconds: microseconds, precision: .exact) == text)
        #expect(RFC3339.microseconds(text) == microseconds)
    }

    @Test("times beyond four-digit years are clamped")
    func clamped() {
        #expect(RFC3339.text(microseconds: .max) == "9999-12-31T23:59:59.999Z")
        #expect(RFC3339.text(microseconds: .min) == "0000-01-01T00:00:00.000Z")
    }

    @Test("every day from year 0 to 9999 follows the previous day")
    func calendar() {
        let day: Int64 = 86_400_000_000
        var (year, month, dayOfMonth) = (0, 1, 1)
        for index in stride(from: Int64(-719_528), through: 2_932_896, by: 1) {
            // Faults would show at the ends of the year and of February.
            if (month == 2 && dayOfMonth >= 28) || (month == 3 && dayOfMonth == 1)
                || (month == 12 && dayOfMonth == 31) || (month == 1 && dayOfMonth == 1)
            {
                let expected = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfMonth, 2))T00:00:00Z"
                let text = RFC3339.text(microseconds: index * day, precision: .seconds)
                guard text == expected, RFC3339.microseconds(text) == index * day else {
                    Issue.record("day \(index): \(text), not \(expected)")
                    return
                }
            }
            dayOfMonth += 1
            guard dayOfMonth > 28, dayOfMonth > length(of: month, year) else { continue }
            dayOfMonth = 1
            month += 1
            guard month > 12 else { continue }
            month = 1
            year += 1
        }
        #expect(year == 10_000)
    }

    private func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: width - digits.count) + digits
    }

    /// Computed by the calendar's rule, independently of the code under test.
    private func length(of month: Int, _ year: Int) -> Int {
        let isLeap = year.isMultiple(of: 400) || (year.isMultiple(of: 4) && !year.isMultiple(of: 100))
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    @Test("random times round-trip through their text")
    func roundTrip() {
        var random = SplitMix64(seed: 3339)
        for _ in 0..<10_000 {
            let micro = Int64.random(in: -62_167_219_200_000_000...253_402_300_799_999_999, using: &random)
            let text = RFC3339.text(microseconds: micro, precision: .microseconds)
            #expect(RFC3339.microseconds(text) == micro)
        }
    }
}
