import ServiceLifecycle

/// Gives an app work, at a rate that the plan has for the moment.
protocol DemoWork: Service {
    /// A line for the summary.
    var summary: String { get }
}

/// Turns a rate into whole pieces of work: what is left over counts for the next time.
struct WorkMeter {
    private var last = ContinuousClock.now
    private var credit = 0.0

    /// Pieces that are due now, since the last time that this was asked.
    mutating func due(rate: Double) -> Int {
        let now = ContinuousClock.now
        credit += rate * (last.duration(to: now) / .seconds(1))
        last = now
        let count = Int(credit)
        credit -= Double(count)
        return count
    }
}
