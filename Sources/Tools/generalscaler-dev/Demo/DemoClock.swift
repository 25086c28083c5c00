import Synchronization

/// When the demo began, and what the plan has for the moment.
final class DemoClock: Sendable {
    let plan: DemoPlan
    private let startedAt = Mutex<ContinuousClock.Instant?>(nil)

    init(plan: DemoPlan) {
        self.plan = plan
    }

    /// Counts from the first call on.
    func start() {
        startedAt.withLock { if $0 == nil { $0 = .now } }
    }

    /// Seconds since the start; 0 before it.
    var time: Double { startedAt.withLock(\.self).map { $0.duration(to: .now) / .seconds(1) } ?? 0 }

    /// Between the lowest and the highest, as high as the plan has the load now.
    func rate(in rates: ClosedRange<Double>, delay: Double = 0) -> Double {
        rates.lowerBound + (rates.upperBound - rates.lowerBound) * plan.height(at: time, delay: delay)
    }
}
