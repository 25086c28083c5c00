import Scaling
import Testing

@Suite("A target that does not report ready replicas")
struct ReadyUnknownTests {
    private static let wait = SafetyLimits.free.with { $0.scaleDownCooldown = .seconds(300) }
    private static let idle = ScalingHistory(lastActiveTime: at(-301), hasSeenReplicas: true)

    static let rows = [
        Row("a value per replica above the target adds none", 4, [351], bounds: 2...20, gives: 4, .notReady),
        Row("a value per replica below the target removes none", 4, [17], bounds: 2...20, gives: 4, .notReady),
        Row("a value within tolerance is no more than that", 4, [100], bounds: 2...20, gives: 4),
        Row("a total adds", 4, [75.5], metrics: [.queue], bounds: 2...20, gives: 8),
        Row("a total removes", 4, [17], metrics: [.queue], bounds: 1...20, gives: 2),
        Row("a total beside a value per replica adds", 4, [351, 75.5], metrics: [.rate, .queue], gives: 8),
        Row(
            "a total beside a value per replica removes none", 4, [17, 17], metrics: [.rate, .queue], gives: 4,
            .notReady),
        Row("the bounds hold all the same", 1, [351], bounds: 3...20, gives: 3, .notReady, .boundsJump),
        Row(
            "an idle target goes to 0", 4, [0], bounds: 0...20, safety: wait, history: idle, gives: 0, .notReady,
            .toZero),
        Row(
            "an active metric starts a target from 0", 0, [351], bounds: 0...20,
            history: ScalingHistory(scaledToZero: true, hasSeenReplicas: true), gives: 1, .activation),
    ]

    @Test("an unknown number of ready replicas holds the decisions that depend on it", arguments: rows)
    func unknownNumberReady(_ row: Row) {
        var row = row
        row.input.ready = nil
        let decision = row.decide()
        #expect(decision.ready == nil)
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy == row.limitedBy)
    }

    @Test("constant high load does not scale a target without ready replicas in its status to maxReplicas")
    func neverToTheMaximum() {
        var spec = Row("", 4, [350], bounds: 2...20, gives: 4).input.spec
        spec.pollingInterval = .seconds(2)
        var input = Row("", 4, [350], bounds: 2...20, gives: 4).input
        input.spec = spec
        input.ready = nil
        for poll in 0..<50 {
            input.now = at(2 * poll)
            input.observations = [.value(350, observedAt: input.now)]
            let outcome = DecisionEngine.decide(input)
            input.history = outcome.history
            input.current = outcome.decision.desired
        }
        #expect(input.current == 4)
    }
}
