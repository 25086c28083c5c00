import Synchronization

/// The start of the demo, and the planned load at the current time.
final class DemoClock: Sendable {
    let plan: DemoPlan
    private let startedAt = Mutex<ContinuousClock.Instant?>(nil)

    init(plan: DemoPlan) {
        self.plan = plan
    }

    /// Starts the clock on the first call.
    func start() {
        startedAt.withLock { if $0 == nil { $0 = .now } }
    }

    /// Seconds since the start; 0 before it.
    var time: Double { startedAt.withLock(\.self).map { $0.duration(to: .now) / .seconds(1) } ?? 0 }

    /// Returns the currently planned rate between the lowest and the highest.
    func rate(in rates: ClosedRange<Double>, delay: Double = 0) -> Double {
        rates.lowerBound + (rates.upperBound - rates.lowerBound) * plan.height(at: time, delay: delay)
    }
}
