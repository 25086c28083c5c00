import Scaling
import Testing

@Suite("Activity that a source decides")
struct SourceActivityTests {
    private static let idleZero = ScalingHistory(scaledToZero: true, hasSeenReplicas: true)

    private func outcome(
        _ current: Int, _ readings: [Reading], _ activity: [String: Bool], metrics: [MetricSpec] = [.queue],
        history: ScalingHistory = .running
    ) -> DecisionOutcome {
        var row = Row(
            "", current, readings, metrics: metrics, bounds: 0...100, safety: .free, history: history, gives: 0)
        row.input.activity = activity
        return DecisionEngine.decide(row.input)
    }

    @Test("an inactive source starts nothing at 0 replicas, regardless of its value")
    func inactiveAtZero() {
        let decision = outcome(0, [.fresh(90)], ["queue": false], history: Self.idleZero).decision
        #expect(decision.desired == 0 && decision.limitedBy == [.activation] && decision.isIdle)
        #expect(decision.metrics[0].isActive == false)
        #expect(decision.reason.contains("the source of queue is not active"), "\(decision.reason)")
        #expect(!decision.reason.contains("activation value"), "\(decision.reason)")
    }

    @Test("an active source starts the target with the value 0, and keeps a replica")
    func activeAtZero() {
        let decision = outcome(0, [.fresh(0)], ["queue": true], history: Self.idleZero).decision
        #expect(decision.desired == 1 && decision.limitedBy == [.activation] && !decision.isIdle)
        #expect(decision.reason.contains("the source of queue is active"), "\(decision.reason)")
        let started = outcome(1, [.fresh(0)], ["queue": true])
        #expect(started.decision.desired == 1 && started.history.lastActiveTime == started.decision.time)
    }

    @Test("above 0 replicas an inactive source's value drives them until it was idle for the cooldown")
    func inactiveAboveZero() {
        var history = ScalingHistory.running
        history.lastActiveTime = outcome(2, [.fresh(90)], [:]).decision.time
        var row = Row(
            "", 2, [.fresh(90)], metrics: [.queue], bounds: 0...100,
            safety: .free.with { $0.scaleDownCooldown = .seconds(300) }, history: history, gives: 0)
        row.input.activity = ["queue": false]
        let driven = row.decide()
        #expect(driven.desired == 9 && driven.isIdle, "\(driven.reason)")
        row.input.history.lastActiveTime = row.input.now + .seconds(-301)
        let idle = row.decide()
        #expect(idle.desired == 0 && idle.limitedBy == [.toZero], "\(idle.reason)")
        #expect(idle.reason.contains("(the source of queue is not active)"), "\(idle.reason)")
    }

    @Test("the value of a metric whose source says nothing still counts")
    func otherMetrics() {
        let both = [MetricSpec.queue, .rate]
        let byValue = outcome(0, [90, 250], ["queue": false], metrics: both, history: Self.idleZero).decision
        #expect(byValue.desired > 0)
        let neither = outcome(0, [90, 0], ["queue": false], metrics: both, history: Self.idleZero).decision
        #expect(neither.desired == 0)
        #expect(
            neither.reason.contains("no metric is above its activation value, and the source of queue is not active"),
            "\(neither.reason)")
    }

    @Test("the activity of a metric without a value counts as unknown")
    func missing() {
        let decision = outcome(0, [nil], ["queue": true], history: Self.idleZero).decision
        #expect(decision.desired == 0 && !decision.isIdle && decision.metrics[0].isActive == nil)
    }
}
