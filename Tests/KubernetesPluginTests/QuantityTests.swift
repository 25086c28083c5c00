import Testing

@testable import generalscaler_plugin_kubernetes

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "every suffix of the grammar has its value",
        arguments: [
            ("0", 0), ("250m", 0.25), ("1", 1), ("1.5Gi", 1_610_612_736), ("123456789n", 0.123456789), ("7u", 0.000007),
            ("3k", 3_000), ("2M", 2e6), ("4G", 4e9), ("5T", 5e12), ("6P", 6e15), ("7E", 7e18), ("1Ki", 1_024),
            ("3Mi", 3_145_728), ("1Ti", 1_099_511_627_776), ("1Pi", 1_125_899_906_842_624),
            ("1Ei", 1_152_921_504_606_846_976), ("1e3", 1_000), ("1E3", 1_000), ("1.5e-3", 0.0015), ("12E+2", 1_200),
            ("+5", 5), ("-5", -5), ("-0", 0), (".5", 0.5), ("5.", 5), ("0.1m", 0.0001), ("007", 7), ("-1.5Ki", -1_536),
            ("9223372036854775807", 9_223_372_036_854_775_808),
        ] as [(String, Double)])
    func valid(text: String, value: Double) {
        #expect(Quantity.value(text) == value)
        #expect(Quantity.value(text)?.sign == (value < 0 ? .minus : .plus))
    }

    @Test(
        "a text outside of the grammar is not a quantity",
        arguments: [
            "", " ", "1 ", " 1", "m", ".", "-", "+", "1.2.3", "1K", "1ki", "1KI", "1mi", "1e", "1E+", "1e1.5", "1Kim",
            "0x10", "1_000", "--1", "+-1", "NaN", "inf", "1e400", "٣", "1,5", "\u{FEFF}1", "1\u{0}",
            String(repeating: "1", count: 65),
        ])
    func invalid(text: String) {
        #expect(Quantity.value(text) == nil)
    }

    @Test(
        "durations of Go are read with every unit",
        arguments: [
            ("30s", 30_000_000), ("1m0s", 60_000_000), ("15.028s", 15_028_000), ("1h2m3s", 3_723_000_000),
            ("1.5ms", 1_500), ("7us", 7), ("7µs", 7), ("1500ns", 2), ("0", 0), ("0s", 0), ("", nil), ("30", nil),
            ("s", nil), ("-30s", nil), ("1x", nil), ("30 s", nil), ("999999h", nil),
        ] as [(String, Int64?)])
    func duration(text: String, microseconds: Int64?) {
        #expect(GoDuration.microseconds(text) == microseconds)
    }
}
