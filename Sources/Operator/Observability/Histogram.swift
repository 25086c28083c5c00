/// A Prometheus histogram of durations.
struct Histogram: Sendable {
    /// The upper bounds in seconds.
    static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

    private var counts = [Int](repeating: 0, count: Histogram.bounds.count)
    private var total = 0
    private var sum = 0.0

    mutating func observe(_ duration: Duration) {
        let seconds = Double(duration.microsecondCount) / 1e6
        total += 1
        sum += seconds
        if let bucket = Self.bounds.firstIndex(where: { seconds <= $0 }) { counts[bucket] += 1 }
    }

    /// - Parameter labels: the label values for the current family.
    func write(_ labels: [String] = [], into text: inout MetricsText) {
        var running = 0
        for (bound, count) in zip(Self.bounds, counts) {
            running += count
            text.sample(labels, suffix: "_bucket", bound: bound.description, Double(running))
        }
        text.sample(labels, suffix: "_bucket", bound: "+Inf", Double(total))
        text.sample(labels, suffix: "_sum", sum)
        text.sample(labels, suffix: "_count", Double(total))
    }
}
