import Scaling
import Testing

/// Interactions of two rules: their order, and the named cause.
@Suite("The SafeScaler, pairs of rules")
struct RulePairTests {
    private static let ourZero = ScalingHistory(scaledToZero: true, hasSeenReplicas: true)
    private static let justScaled = ScalingHistory(lastScaleUpTime: at(-20), hasSeenReplicas: true)
    private static let five = CostPolicy(costPerPodPerHour: 0.2, maxCostPerHour: 1)
    private static let budget = SLOPolicy(objective: .threeNines)
    private static let withErrors: [MetricSpec] = [.rate, .errors, .longErrors]

    private static func remembering(_ past: [(Int, Int)], _ limits: SafetyLimits) -> ScalingHistory {
        var history = ScalingHistory.running
        history.restoreRecommendations(
            past.map { PastRecommendation(at: at(-$0.0), replicas: $0.1) }, safety: limits)
        return history
    }

    private static let up60 = SafetyLimits.free.with { $0.scaleUpStabilization = .seconds(60) }
    private static let down60 = SafetyLimits.free.with { $0.scaleDownStabilization = .seconds(60) }
    private static let cooldown300 = SafetyLimits.free.with { $0.cooldown = .seconds(300) }

    static let first = [
        Row("paused before switched off", 0, [50], metrics: [.queue], bounds: 0...9, paused: true, gives: 0, .paused),
        Row(
            "paused before activation", 0, [50], metrics: [.queue], bounds: 0...9, history: ourZero, paused: true,
            gives: 0, .paused),
        Row("paused before a jump", 12, [10], bounds: 1...9, paused: true, gives: 12, .paused),
        Row("switched off before a jump", 0, [nil], bounds: 3...9, gives: 0, .noData, .switchedOff),
        Row("switched off before activation", 0, [90], metrics: [.queue], bounds: 0...9, gives: 0, .switchedOff),
        Row(
            "a jump before activation", 0, [90], metrics: [.queue], bounds: 2...9, history: ourZero, gives: 2,
            .boundsJump),
        Row(
            "a jump before going to 0", 12, [0], bounds: 0...9, safety: cooldown300,
            history: ScalingHistory(lastActiveTime: at(-900), hasSeenReplicas: true), gives: 9, .boundsJump),
        Row("a jump before the cap", 12, [10], bounds: 1...9, policy: five, gives: 9, .boundsJump),
        Row(
            "going to 0 before the windows", 6, [0], bounds: 0...9, safety: down60.with { $0.cooldown = .seconds(60) },
            history: {
                var history = remembering([(5, 8)], down60)
                history.lastActiveTime = at(-60)
                return history
            }(), gives: 0, .toZero),
        Row("a dry run of a jump", 12, [10], bounds: 1...9, dryRun: true, gives: 9, .boundsJump, .dryRun),
        Row("a dry run of nothing", 4, [100], dryRun: true, gives: 4),
        Row(
            "a dry run that a cooldown holds", 4, [200], safety: cooldown300, history: justScaled, dryRun: true,
            gives: 4, .cooldown),
        Row("a dry run that is paused", 4, [200], paused: true, dryRun: true, gives: 4, .paused),
    ]

    static let windows = [
        Row(
            "the up window, then the cap", 4, [900], policy: five, safety: up60,
            history: remembering([(30, 8)], up60), gives: 5, .scaleUpStabilized, .budgetCap),
        Row(
            "the up window holds a scale-up below the cap", 3, [900], policy: five, safety: up60,
            history: remembering([(30, 4)], up60), gives: 4, .scaleUpStabilized),
        Row(
            "the down window, then the cap", 9, [50], policy: five, safety: down60,
            history: remembering([(30, 7)], down60), gives: 5, .scaleDownStabilized, .budgetCap),
        Row(
            "the up window, then a cooldown", 4, [900], safety: up60.with { $0.cooldown = .seconds(300) },
            history: {
                var history = remembering([(30, 6)], up60)
                history.lastScaleUpTime = at(-20)
                return history
            }(), gives: 4, .scaleUpStabilized, .cooldown),
        Row(
            "the up window, then the rate", 4, [900],
            safety: up60.with { $0.maxScaleUpRate = .replicas(3) }, history: remembering([(30, 9)], up60),
            gives: 7, .scaleUpStabilized, .scaleUpRate),
        Row(
            "the up window tighter than the rate", 4, [900],
            safety: up60.with { $0.maxScaleUpRate = .replicas(3) }, history: remembering([(30, 5)], up60),
            gives: 5, .scaleUpStabilized),
        Row(
            "the down window, then the rate", 9, [10],
            safety: down60.with { $0.maxScaleDownRate = .replicas(2) }, history: remembering([(30, 4)], down60),
            gives: 7, .scaleDownStabilized, .scaleDownRate),
        Row(
            "the down window above the minimum", 9, [10], bounds: 3...20, safety: down60,
            history: remembering([(30, 5)], down60), gives: 5, .scaleDownStabilized),
        Row(
            "the windows hold what comes before the bounds", 9, [900], bounds: 1...10, safety: up60,
            history: remembering([(30, 70)], up60), gives: 10, .scaleUpStabilized, .maxReplicas),
        Row(
            "an up window never lowers", 9, [120], safety: up60, history: remembering([(30, 2)], up60),
            gives: 9, .scaleUpStabilized),
        Row(
            "a down window never raises", 4, [10], safety: down60, history: remembering([(30, 50)], down60),
            gives: 4, .scaleDownStabilized),
        Row(
            "an error budget's step waits for the up window", 4, [100, 0.02, 0.02], metrics: withErrors,
            policy: budget, safety: up60.with { $0.maxScaleUpRate = .replicas(3) },
            history: remembering([(30, 5)], up60), gives: 5, .errorBudget, .scaleUpStabilized),
    ]

    static let limits = [
        Row(
            "the cap, then a cooldown", 3, [900], policy: five, safety: cooldown300, history: justScaled, gives: 3,
            .budgetCap, .cooldown),
        Row(
            "the cap, then the rate", 3, [900], policy: five, safety: .free.with { $0.maxScaleUpRate = .replicas(1) },
            gives: 4, .budgetCap, .scaleUpRate),
        Row(
            "a cooldown before the rate", 4, [900], safety: cooldown300.with { $0.maxScaleUpRate = .replicas(1) },
            history: justScaled, gives: 4, .cooldown),
        Row(
            "a cooldown before the bounds", 4, [900], bounds: 1...9, safety: cooldown300, history: justScaled, gives: 4,
            .cooldown),
        Row(
            "the rate, then the maximum", 8, [900], bounds: 1...10,
            safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 10, .scaleUpRate, .maxReplicas),
        Row(
            "the rate tighter than the maximum", 4, [900], bounds: 1...10,
            safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 7, .scaleUpRate),
        Row(
            "the rate, then the minimum", 4, [10], bounds: 3...10,
            safety: .free.with { $0.maxScaleDownRate = .replicas(2) }, gives: 3, .scaleDownRate, .minReplicas),
        Row(
            "at the maximum too, a cooldown comes before the bounds", 10, [900], bounds: 1...10, safety: cooldown300,
            history: justScaled, gives: 10, .cooldown),
        Row(
            "at the maximum too, the rate comes before the bounds", 10, [900], bounds: 1...10,
            safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 10, .scaleUpRate, .maxReplicas),
        Row(
            "at the minimum too, a forbidden scale-down comes before the bounds", 3, [10], bounds: 3...10,
            safety: .free.with { $0.maxScaleDownRate = .replicas(0) }, gives: 3, .scaleDownRate),
        Row(
            "a cooldown does not matter where nothing is to change", 4, [100], safety: cooldown300, history: justScaled,
            gives: 4),
        Row(
            "down to the cap, a cooldown", 8, [900], policy: five, safety: cooldown300, history: justScaled, gives: 8,
            .budgetCap, .cooldown),
        Row(
            "down to the cap, a hand-scale", 8, [900], policy: five, safety: cooldown300,
            history: ScalingHistory(lastOutsideChangeTime: at(-20), hasSeenReplicas: true), gives: 8, .budgetCap,
            .cooldown),
        Row(
            "down to the cap, an exhausting error budget does not hold", 8, [50, 0, 0.01], metrics: withErrors,
            policy: CostPolicy(demand: budget, costPerPodPerHour: 0.2, maxCostPerHour: 1), gives: 5, .errorBudget,
            .budgetCap),
        Row(
            "an error budget's step under the cap", 4, [50, 0.02, 0.02], metrics: withErrors,
            policy: CostPolicy(demand: budget, costPerPodPerHour: 0.2, maxCostPerHour: 1), gives: 5, .errorBudget,
            .budgetCap),
        Row(
            "an error budget's step in a cooldown", 4, [50, 0.02, 0.02], metrics: withErrors, policy: budget,
            safety: cooldown300, history: justScaled, gives: 4, .errorBudget, .cooldown),
        Row(
            "partial metrics before an error budget", 4, [50, nil, 0.01], metrics: withErrors, policy: budget, gives: 4,
            .partialMetrics),
        Row(
            "partial metrics in a cooldown", 4, [900, nil], metrics: [.rate, .queue], safety: cooldown300,
            history: justScaled, gives: 4, .cooldown),
        Row(
            "starting replicas and tolerance", 20, ready: 8, [95, 0.1], metrics: [.rate, .latency], gives: 20,
            .tolerance, .notReady),
    ]

    @Test("two rules together decide as each case says", arguments: first + windows + limits)
    func rulesTogetherDecide(_ row: Row) {
        let decision = row.decide()
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy == row.limitedBy)
    }

    @Test("an activation ignores the cooldown after a scale to 0, and starts a new one")
    func activationAndCooldown() {
        var simulation = Simulation(
            ScalingSpec(
                minReplicas: 0, maxReplicas: 9, metrics: [.queue],
                safety: .free.with {
                    $0.scaleUpCooldown = .seconds(60)
                    $0.scaleDownCooldown = .seconds(30)
                }
            ),
            current: 2
        )
        simulation.poll(20)
        for _ in 0..<2 { simulation.poll(0) }
        #expect(simulation.current == 0)
        #expect(simulation.poll(10).desired == 1)
        for _ in 0..<3 { #expect(simulation.poll(90).limitedBy == [.cooldown]) }
        #expect(simulation.poll(90).desired == 9)
    }

    @Test("the same input gives the same outcome", arguments: first + windows + limits)
    func deterministic(_ row: Row) {
        #expect(DecisionEngine.decide(row.input) == DecisionEngine.decide(row.input))
    }
}
