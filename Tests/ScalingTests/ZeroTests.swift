import Scaling
import Testing

@Suite("Scaling from 0 and to 0")
struct ZeroTests {
    private static let atZero = ScalingHistory(lastScaleDownTime: at(-1), scaledToZero: true, hasSeenReplicas: true)
    private static let strict = SafetyLimits(
        cooldown: .seconds(300), maxScaleUpRate: .replicas(1), scaleUpStabilization: .seconds(300)
    )
    private static let idle5 = MetricSpec.queue.activating(above: 5)

    static let activation = [
        Row("an empty queue wakes nothing", 0, [0], metrics: [.queue], bounds: 0...9, history: atZero, gives: 0),
        Row("one message wakes one", 0, [1], metrics: [.queue], bounds: 0...9, history: atZero, gives: 1, .activation),
        Row(
            "at the activation value: not yet", 0, [5], metrics: [idle5], bounds: 0...9, history: atZero,
            gives: 0, .activation),
        Row("just above it", 0, [5.1], metrics: [idle5], bounds: 0...9, history: atZero, gives: 1, .activation),
        Row(
            "in one step, regardless of cooldown, window and rate", 0, [65], metrics: [.queue], bounds: 0...9,
            safety: strict, history: atZero, gives: 7, .activation),
        Row(
            "at most the maximum", 0, [500], metrics: [.queue], bounds: 0...9, history: atZero,
            gives: 9, .activation, .maxReplicas),
        Row(
            "at most the cap", 0, [500], metrics: [.queue], bounds: 0...9,
            policy: CostPolicy(costPerPodPerHour: 1, maxCostPerHour: 4), history: atZero,
            gives: 4, .activation, .budgetCap),
        Row("a value per replica wakes one", 0, [900], bounds: 0...9, history: atZero, gives: 1, .activation),
        Row(
            "any metric is enough", 0, [0, 25], metrics: [.rate, .queue], bounds: 0...9, history: atZero,
            gives: 3, .activation),
        Row(
            "also while another is missing", 0, [nil, 25], metrics: [.rate, .queue], bounds: 0...9, history: atZero,
            gives: 3, .activation),
        Row("no value wakes nothing", 0, [nil], bounds: 0...9, history: atZero, gives: 0, .noData),
        Row(
            "a stale value wakes nothing", 0, [.aged(90, seconds: 61)], metrics: [.queue], bounds: 0...9,
            history: atZero, gives: 0, .noData),
        Row(
            "an error ratio above its activation value too", 0, [0, 0, 0.5], metrics: [.rate, .errors, .longErrors],
            bounds: 0...9, policy: SLOPolicy(objective: .threeNines), history: atZero, gives: 1, .activation),
        Row(
            "an error ratio that is no load by its activation value", 0, [0, 0.5, 0.5],
            metrics: [.rate, .errors.activating(above: 1), .longErrors.activating(above: 1)], bounds: 0...9,
            policy: SLOPolicy(objective: .threeNines), history: atZero, gives: 0, .activation),
    ]

    @Test("a scaler at 0 replicas starts or stays at 0 as each case says", arguments: activation)
    func scaler0Replicas(_ row: Row) {
        let decision = row.decide()
        #expect(decision.desired == row.desired)
        // The error budget requires replicas that have no effect.
        #expect(decision.limitedBy.filter { $0 != .errorBudget } == row.limitedBy)
    }

    private static func idle(for seconds: Int, _ change: (inout ScalingHistory) -> Void = { _ in }) -> ScalingHistory {
        var history = ScalingHistory(lastActiveTime: at(-seconds), hasSeenReplicas: true)
        change(&history)
        return history
    }

    private static let wait300 = SafetyLimits.free.with { $0.scaleDownCooldown = .seconds(300) }

    static let toZero = [
        Row(
            "idle for the whole cooldown", 7, [0], bounds: 0...9, safety: wait300, history: idle(for: 300), gives: 0,
            .toZero),
        Row(
            "idle not for so long: at least 1", 1, [0], bounds: 0...9, safety: wait300, history: idle(for: 299),
            gives: 1),
        Row("a minimum", 7, [0], bounds: 1...9, safety: wait300, history: idle(for: 900), gives: 1),
        Row(
            "at the activation value is idle", 1, [5], metrics: [idle5], bounds: 0...9, safety: wait300,
            history: idle(for: 300), gives: 0, .toZero),
        Row(
            "above it is not", 1, [5.1], metrics: [idle5], bounds: 0...9, safety: wait300,
            history: idle(for: 300), gives: 1),
        Row(
            "one metric above it is enough to stay", 1, [0, 1], metrics: [.rate, .queue], bounds: 0...9,
            safety: wait300, history: idle(for: 300), gives: 1),
        Row(
            "a missing value is not idle", 1, [nil], bounds: 0...9, safety: wait300, history: idle(for: 300), gives: 1,
            .noData),
        Row(
            "an assumed 0 is not idle", 1, [.assumed(0)], bounds: 0...9, safety: wait300, history: idle(for: 300),
            gives: 1),
        Row(
            "nor beside an idle one", 1, [.assumed(0), 0], metrics: [.rate, .queue], bounds: 0...9, safety: wait300,
            history: idle(for: 300), gives: 1),
        Row(
            "an assumed 0 removes all but the last", 7, [.assumed(0)], bounds: 0...9, safety: wait300,
            history: idle(for: 300), gives: 1),
        Row(
            "nor is a failed one beside an idle one", 1, [.failed, 0], metrics: [.rate, .queue], bounds: 0...9,
            safety: wait300, history: idle(for: 300), gives: 1),
        Row(
            "by the one cooldown for any", 1, [0], bounds: 0...9, safety: .free.with { $0.cooldown = .seconds(60) },
            history: idle(for: 59), gives: 1),
        Row(
            "in one step, regardless of the rate", 7, [0], bounds: 0...9,
            safety: wait300.with { $0.maxScaleDownRate = .replicas(1) }, history: idle(for: 300), gives: 0, .toZero),
        Row(
            "also with a rate of 0, which forbids steps between positive counts alone", 7, [0], bounds: 0...9,
            safety: wait300.with { $0.maxScaleDownRate = .replicas(0) }, history: idle(for: 300), gives: 0, .toZero),
        Row(
            "also with a rate of 0 percent, from the last replica", 1, [0], bounds: 0...9,
            safety: wait300.with { $0.maxScaleDownRate = .percent(0) }, history: idle(for: 301), gives: 0, .toZero),
        Row(
            "with a rate of 0 no step before the whole cooldown", 7, [0], bounds: 0...9,
            safety: wait300.with { $0.maxScaleDownRate = .replicas(0) }, history: idle(for: 299),
            gives: 7, .scaleDownRate),
        Row(
            "with a rate of 0 and a minimum, no step at all", 7, [0], bounds: 1...9,
            safety: wait300.with { $0.maxScaleDownRate = .replicas(0) }, history: idle(for: 900),
            gives: 7, .scaleDownRate),
        Row(
            "not within a polling interval of another scaling", 2, [0], bounds: 0...9, safety: wait300,
            history: idle(for: 300) { $0.lastScaleDownTime = at(-14) }, gives: 2, .cooldown),
        Row(
            "an earlier scaling event of this scaler does not matter", 2, [0], bounds: 0...9, safety: wait300,
            history: idle(for: 300) { $0.lastScaleDownTime = at(-15) }, gives: 0, .toZero),
        Row(
            "a manual scale restarts the wait", 2, [0], bounds: 0...9, safety: wait300,
            history: idle(for: 900) { $0.lastOutsideChangeTime = at(-299) }, gives: 2, .cooldown),
        Row(
            "an exhausting error budget holds", 2, [0, 0, 0.01],
            metrics: [.rate, .errors.activating(above: 1), .longErrors.activating(above: 1)], bounds: 0...9,
            policy: SLOPolicy(objective: .threeNines), safety: wait300, history: idle(for: 900),
            gives: 2, .errorBudget),
        Row("never seen idle before", 1, [0], bounds: 0...9, safety: wait300, gives: 1),
    ]

    @Test("a scaler scales to 0 or keeps its replicas as each case says", arguments: toZero)
    func scalerScales0(_ row: Row) {
        let decision = row.decide()
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy == row.limitedBy)
    }

    private func simulation() -> Simulation {
        let spec = ScalingSpec(
            minReplicas: 0, maxReplicas: 9, pollingInterval: .seconds(60), metrics: [.queue], safety: Self.wait300
        )
        return Simulation(spec, current: 3)
    }

    @Test("a scaler goes to 0 when idle and starts again, and a failed reading restarts the idle time")
    func life() {
        var simulation = simulation()
        simulation.poll(30)
        for _ in 0..<2 { simulation.poll(0) }
        simulation.poll(.failed)
        for _ in 0..<5 { simulation.poll(0) }
        #expect(simulation.current == 0)
        #expect(simulation.steps.last == .init(second: 480, from: 1, to: 0))
        simulation.poll(0)
        simulation.poll(45)
        #expect(simulation.current == 5)
        #expect(simulation.decisions.last?.limitedBy == [.activation])
    }

    @Test("a zero that the scaler set survives a restart, and so does a zero that a user set")
    func restart() {
        var simulation = simulation()
        simulation.poll(30)
        for _ in 0..<8 { simulation.poll(0) }
        #expect(simulation.current == 0)
        #expect(simulation.history.scaledToZero)
        simulation.history = simulation.history.restarted
        #expect(simulation.poll(10).desired == 1)

        simulation.current = 0
        #expect(simulation.poll(10).limitedBy == [.switchedOff])
        simulation.history = simulation.history.restarted
        #expect(simulation.poll(10).limitedBy == [.switchedOff])
        simulation.current = 1
        #expect(simulation.poll(40).desired == 4)
    }

    @Test("a zero that the scaler set and a user ended is the user's zero the next time")
    func zeroByHandAfterOurs() {
        var simulation = simulation()
        simulation.history = ScalingHistory(scaledToZero: true, hasSeenReplicas: true)
        simulation.current = 0
        simulation.poll(0)
        simulation.current = 2
        simulation.poll(20)
        simulation.current = 0
        #expect(simulation.poll(20).limitedBy == [.switchedOff])
    }

    @Test("a target at 0 without a value for the threshold of polls is stuck until a value arrives")
    func stuck() {
        var simulation = simulation()
        simulation.history = ScalingHistory(scaledToZero: true, hasSeenReplicas: true)
        simulation.current = 0
        #expect(simulation.poll(nil).limitedBy == [.noData])
        #expect(simulation.poll(.failed).limitedBy == [.noData])
        #expect(simulation.poll(nil).limitedBy == [.noData, .stuckAtZero])
        #expect(simulation.poll(0).limitedBy == [])
        #expect(simulation.poll(nil).limitedBy == [.noData])
    }

    @Test("a target that was switched off does not count as stuck")
    func switchedOffIsNotStuck() {
        var simulation = simulation()
        simulation.history = .running
        simulation.current = 0
        for _ in 0..<5 {
            let decision = simulation.poll(nil)
            #expect(decision.desired == 0)
            #expect(decision.limitedBy.last == .switchedOff)
        }
    }
}

extension ScalingHistory {
    /// The history restored from the object's status.
    var restarted: ScalingHistory {
        ScalingHistory(
            lastScaleUpTime: lastScaleUpTime, lastScaleDownTime: lastScaleDownTime,
            lastOutsideChangeTime: lastOutsideChangeTime, lastActiveTime: lastActiveTime, scaledToZero: scaledToZero,
            pendingScale: pendingScale, lastSeenReplicas: lastSeenReplicas, hasSeenReplicas: hasSeenReplicas
        )
    }
}
