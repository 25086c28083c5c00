/// The durations of the last answers, for percentiles.
struct LatencyWindow: Sendable {
    static let capacity = 1_024

    /// The durations in seconds; a ring buffer once full.
    private var seconds: [Float] = []
    private var next = 0

    mutating func record(_ latency: Duration) {
        let (whole, attoseconds) = latency.components
        let value = Float(whole) + Float(attoseconds) * 1e-18
        if seconds.count < Self.capacity {
            seconds.append(value)
        } else {
            seconds[next] = value
            next = (next + 1) % Self.capacity
        }
    }

    /// Returns the percentiles; nil if nothing was recorded.
    static func percentiles(of windows: [LatencyWindow]) -> PluginLatency? {
        let sorted = windows.flatMap(\.seconds).sorted()
        guard !sorted.isEmpty else { return nil }
        // The nearest-rank percentile.
        func value(at share: Double) -> Duration {
            .seconds(Double(sorted[max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1)]))
        }
        return PluginLatency(p50: value(at: 0.5), p99: value(at: 0.99))
    }
}

/// Percentiles of a plugin's response time, measured from the sending of the request, over about the last thousand
/// answers.
package struct PluginLatency: Sendable, Hashable {
    package var p50: Duration
    package var p99: Duration
}
