import Testing

@testable import Scaling

@Suite("The cap of shared budgets")
struct SharedBudgetCapTests {
    private func decide(
        current: Int, load: Double?, cap: Int, isImmediate: Bool = false, immediateCap: Int? = nil,
        minReplicas: Int = 1,
        lastScale: Timestamp? = nil, fallback: FallbackSpec = FallbackSpec(), polls: Int = 1
    ) -> Decision {
        let spec = ScalingSpec(
            minReplicas: minReplicas, maxReplicas: 20,
            metrics: [MetricSpec(name: "queue", target: 10, targetType: .averageValue)], fallback: fallback)
        var history = ScalingHistory(lastScaleDownTime: lastScale, hasSeenReplicas: current > 0)
        var decision: Decision?
        for poll in 0..<polls {
            let now = at(10_000 + 100 * poll)
            var input = DecisionInput(
                spec: spec, now: now, current: current, ready: current,
                observations: [load.map { .value($0, observedAt: now) } ?? .noData("no result")], history: history)
            input.sharedBudget = SharedBudgetCap(budget: "shop", replicas: cap, isImmediate: isImmediate)
            if let immediateCap { input.sharedBudget?.immediateReplicas = immediateCap }
            let outcome = DecisionEngine.decide(input)
            history = outcome.history
            decision = outcome.decision
        }
        return decision ?? Decision(time: at(0), current: 0, ready: 0, recommended: 0, desired: -1)
    }

    @Test("a scale-up ends at the cap, and the sentence names the budget")
    func scaleUp() {
        let decision = decide(current: 6, load: 110, cap: 8)
        #expect(decision.desired == 8)
        #expect(decision.limitedBy == [.budget])
        #expect(decision.reason.hasPrefix("Scale from 6 to 8: "))
        #expect(decision.reason.hasSuffix("which asks for 11; budget shop allows at most 8."))
    }

    @Test("a cap below the replicas removes them with the rate and the cooldown of the scaler")
    func reclaim() {
        #expect(decide(current: 9, load: 90, cap: 2).desired == 4)
        let held = decide(current: 9, load: 90, cap: 2, lastScale: at(9_900))
        #expect(held.desired == 9)
        #expect(held.limitedBy == [.budget, .cooldown])
        #expect(held.reason.contains("budget shop takes back 7 replicas; a cooldown has not passed yet"))
    }

    @Test("an immediate cap removes replicas at once")
    func immediate() {
        let decision = decide(current: 9, load: 90, cap: 2, isImmediate: true, lastScale: at(9_999))
        #expect(decision.desired == 2)
        #expect(decision.cooldownEnd == nil)
    }

    @Test("a budget takes back at once what it has to, although another one with a lower cap does not")
    func immediateBesideGraceful() {
        let decision = decide(current: 9, load: 90, cap: 2, immediateCap: 6, lastScale: at(9_999))
        #expect(decision.desired == 6)
        #expect(decide(current: 5, load: 90, cap: 2, immediateCap: 6, lastScale: at(9_999)).desired == 5)
    }

    @Test("minReplicas has precedence over the cap")
    func minimum() {
        #expect(decide(current: 5, load: 90, cap: 0, isImmediate: true, minReplicas: 3).desired == 3)
        let jump = decide(current: 1, load: 90, cap: 0, minReplicas: 3)
        #expect(jump.desired == 3)
        #expect(jump.limitedBy == [.boundsJump])
    }

    @Test("a target at 0 stays there at a cap of 0, although a metric is active")
    func activation() {
        let decision = decide(current: 0, load: 50, cap: 0, minReplicas: 0)
        #expect(decision.desired == 0)
        #expect(decision.limitedBy == [.activation, .budget])
        #expect(decide(current: 0, load: 50, cap: 2, minReplicas: 0).desired == 2)
    }

    @Test("the cap binds the fallback and a scaler without data")
    func withoutData() {
        let fallback = FallbackSpec(failureThreshold: 2, replicas: 9, behavior: .static)
        #expect(decide(current: 3, load: nil, cap: 5, fallback: fallback, polls: 4).desired == 5)
        #expect(decide(current: 6, load: nil, cap: 5).desired == 5)
    }
}
