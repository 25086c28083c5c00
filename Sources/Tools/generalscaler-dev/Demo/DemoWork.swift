import ServiceLifecycle

/// Generates the load of an app at the planned rate.
protocol DemoWork: Service {
    /// A line for the summary.
    var summary: String { get }
}

/// Converts a rate to whole units of work; the remainder counts for the next call.
struct WorkMeter {
    private var last = ContinuousClock.now
    private var credit = 0.0

    /// Returns the units that are due since the last call.
    mutating func due(rate: Double) -> Int {
        let now = ContinuousClock.now
        credit += rate * (last.duration(to: now) / .seconds(1))
        last = now
        let count = Int(credit)
        credit -= Double(count)
        return count
    }
}
