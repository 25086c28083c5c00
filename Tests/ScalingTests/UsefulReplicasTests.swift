import Scaling
import Testing

@Suite("Replicas that a source has work for")
struct UsefulReplicasTests {
    private func decide(
        _ current: Int, _ readings: [Reading], _ useful: [String: Int], metrics: [MetricSpec] = [.queue],
        bounds: ClosedRange<Int> = 1...100, ready: Int? = nil, policy: any ScalingPolicy = SLOPolicy(),
        safety: SafetyLimits = .free, history: ScalingHistory = .running
    ) -> Decision {
        var row = Row(
            "", current, ready: ready, readings, metrics: metrics, bounds: bounds, policy: policy, safety: safety,
            history: history, gives: 0)
        row.input.usefulReplicas = useful
        return row.decide()
    }

    @Test(
        "a metric recommends no more than its source has work for, up and down",
        arguments: [
            // Current replicas, queue, useful replicas, result.
            (2, 90.0, 3, 3, true), (2, 90, 9, 9, false), (2, 90, 10, 9, false), (8, 90, 3, 3, true),
            // Within the tolerance, where the replicas would stay.
            (9, 90, 3, 3, true), (9, 90, 9, 9, false), (0, 90, 3, 3, true), (2, 1e300, 7, 7, true),
        ])
    func capped(current: Int, queue: Double, useful: Int, desired: Int, isNamed: Bool) {
        let decision = decide(
            current, [.fresh(queue)], ["queue": useful], bounds: 0...100,
            history: ScalingHistory(scaledToZero: current == 0, hasSeenReplicas: true))
        #expect(decision.desired == desired)
        #expect(decision.limitedBy.contains(.usefulReplicas) == isNamed, "\(decision.limitedBy)")
        #expect(decision.metrics[0].recommended == desired)
        #expect(decision.metrics[0].usefulReplicas == useful)
        let sentence = "queue has work for at most \(useful) replicas"
        #expect(decision.reason.contains(sentence) == isNamed, "\(decision.reason)")
    }

    @Test("the cap of one metric does not cap another")
    func otherMetrics() {
        let both = [MetricSpec.queue, .rate]
        let more = decide(2, [90, 250], ["queue": 3], metrics: both)
        #expect(more.desired == 5 && more.metrics.map(\.recommended) == [3, 5])
        #expect(more.limitedBy == [.usefulReplicas])
        let without = decide(2, [40, 250], ["queue": 3], metrics: both)
        #expect(without.desired == 5 && without.limitedBy.isEmpty)
    }

    @Test("minReplicas takes precedence, and the other limits apply after the cap")
    func limits() {
        #expect(decide(6, [90], ["queue": 3], bounds: 5...100).limitedBy == [.usefulReplicas, .minReplicas])
        let slow = SafetyLimits.free.with { $0.maxScaleDownRate = .replicas(1) }
        let decision = decide(8, [90], ["queue": 3], safety: slow)
        #expect(decision.desired == 7 && decision.limitedBy == [.usefulReplicas, .scaleDownRate])
        let cost = CostPolicy(costPerPodPerHour: 1, maxCostPerHour: 2)
        #expect(decide(1, [90], ["queue": 3], policy: cost).limitedBy == [.usefulReplicas, .budgetCap])
    }

    @Test("without a value the replicas are held, regardless of what the source has work for")
    func missing() {
        let decision = decide(8, [nil], ["queue": 3])
        #expect(decision.desired == 8 && !decision.limitedBy.contains(.usefulReplicas))
        #expect(decision.metrics[0].usefulReplicas == nil)
    }

    @Test("while few replicas are ready, the cap still applies to a value per replica")
    func notReady() {
        let decision = decide(8, [300], ["rate": 4], metrics: [.rate], ready: 1)
        #expect(decision.desired == 4 && decision.limitedBy == [.usefulReplicas])
    }
}
