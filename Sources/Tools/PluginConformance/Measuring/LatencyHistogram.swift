/// A histogram of call durations, with 16 buckets per power of two: percentiles are accurate to 7%.
package struct LatencyHistogram: Sendable {
    private static let stepsPerDoubling = 16
    private var buckets: [Int: Int] = [:]
    package private(set) var count = 0
    package private(set) var slowest: Duration = .zero

    package init() {}

    package mutating func add(_ duration: Duration) {
        buckets[Self.bucket(nanoseconds: max(1, Int(duration / .nanoseconds(1)))), default: 0] += 1
        count += 1
        slowest = max(slowest, duration)
    }

    /// Returns the duration that the given share of calls did not exceed; zero without calls.
    package func percentile(_ part: Double) -> Duration {
        var left = Int((Double(count) * part).rounded(.up))
        for (bucket, count) in buckets.sorted(by: { $0.key < $1.key }) {
            left -= count
            if left <= 0 { return min(slowest, .nanoseconds(Self.upperBound(bucket))) }
        }
        return slowest
    }

    /// One row for each doubling of the duration between the fastest and the slowest call: its upper bound and its
    /// calls.
    package var rows: [(upTo: Duration, count: Int)] {
        let doublings = buckets.reduce(into: [Int: Int]()) {
            $0[$1.key / Self.stepsPerDoubling, default: 0] += $1.value
        }
        guard let first = doublings.keys.min(), let last = doublings.keys.max() else { return [] }
        return (first...last).map { (.nanoseconds(1 << ($0 + 1)), doublings[$0] ?? 0) }
    }

    private static func bucket(nanoseconds: Int) -> Int {
        let power = Int.bitWidth - 1 - nanoseconds.leadingZeroBitCount
        let step = power >= 4 ? (nanoseconds >> (power - 4)) & (stepsPerDoubling - 1) : 0
        return power * stepsPerDoubling + step
    }

    private static func upperBound(_ bucket: Int) -> Int {
        let power = bucket / stepsPerDoubling
        let step = bucket % stepsPerDoubling
        return power >= 4 ? (stepsPerDoubling + step + 1) << (power - 4) : 1 << (power + 1)
    }
}
