import Testing

@testable import PluginConformance

@Suite("The latency histogram")
struct LatencyHistogramTests {
    @Test("percentiles of a latency histogram are right to within 7%")
    func percentiles() {
        var histogram = LatencyHistogram()
        for microseconds in (1...10_000).shuffled() { histogram.add(.microseconds(microseconds)) }
        for (part, exact) in [(0.5, 5_000.0), (0.99, 9_900), (0.999, 9_990)] {
            let found = histogram.percentile(part) / .microseconds(1)
            #expect(found >= exact && found <= exact * 1.07, "\(part): \(found)")
        }
        #expect(histogram.percentile(1) == .microseconds(10_000))
        #expect(histogram.slowest == .microseconds(10_000))
        #expect(histogram.rows.map(\.count).reduce(0, +) == 10_000)
    }

    @Test("a latency histogram without durations or with durations below a nanosecond has valid quantiles")
    func edges() {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == .zero)
        #expect(histogram.rows.isEmpty)
        histogram.add(.zero)
        #expect(histogram.percentile(0.5) == .zero)
        #expect(histogram.count == 1)
    }
}
