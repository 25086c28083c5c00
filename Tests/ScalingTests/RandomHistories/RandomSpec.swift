import Scaling
import TestSupport

extension ScalingSpec {
    /// Returns a valid spec, with settings for which rules often interact.
    static func random(using random: inout SplitMix64) -> ScalingSpec {
        let least = random.chance(percent: 40) ? 0 : random.within(1...5)
        var metrics = (0..<random.within(1...2)).map { MetricSpec.random(named: "metric\($0)", using: &random) }
        var demand = SLOPolicy(
            scaleUpTolerance: random.pick([0, 0.1, 0.1, 0.5]), scaleDownTolerance: random.pick([0, 0.1, 0.1, 0.5])
        )
        var inputs: [InputSpec] = []
        if random.chance(percent: 20) {
            inputs = [InputSpec(name: "input")]
            metrics[0].formula = .inputOrAssumed
        }
        if random.chance(percent: 25) {
            demand.objective = .threeNines
            let activation = random.pick([0.0, 1])
            metrics += [.errors.activating(above: activation), .longErrors.activating(above: activation)]
        }
        return ScalingSpec(
            minReplicas: least,
            maxReplicas: max(least, 1) + random.within(0...12),
            pollingInterval: .seconds(random.pick([5, 15, 15, 60, 120])),
            isPaused: random.chance(percent: 2),
            isDryRun: random.chance(percent: 4),
            metrics: metrics,
            inputs: inputs,
            policy: random.chance(percent: 25)
                ? CostPolicy(
                    demand: demand, costPerPodPerHour: 0.1, maxCostPerHour: 0.1 * Double(random.within(1...12)))
                : demand,
            safety: .random(using: &random),
            fallback: FallbackSpec(
                failureThreshold: random.within(1...4), replicas: random.within(0...12),
                behavior: random.pick(FallbackSpec.Behavior.allCases)
            ),
            schedules: random.chance(percent: 30)
                ? (0..<random.within(1...2)).compactMap { _ in .random(least, metrics, using: &random) } : [],
            forecast: random.chance(percent: 30) ? ForecastSpec(mode: random.pick(ForecastSpec.Mode.allCases)) : nil
        )
    }

    /// The replicas that the budget allows, as documented.
    var cap: Int? {
        guard let cost = policy as? CostPolicy else { return nil }
        return Int((cost.maxCostPerHour / cost.costPerPodPerHour + 1e-9).rounded(.down))
    }

    var objective: ErrorBudget? { (policy as? SLOPolicy ?? (policy as? CostPolicy)?.demand)?.objective }
}

extension Formula {
    /// The value that it assumes if its input has no data.
    static let assumedValue = 30.0
    fileprivate static let inputOrAssumed = try? Formula(parsing: "input ?? \(assumedValue)")
}

extension Schedule {
    /// Returns a schedule that is active in some of every ten minutes. Its name says which, for the ``Oracle``.
    fileprivate static func random(
        _ least: Int, _ metrics: [MetricSpec], using random: inout SplitMix64
    ) -> Schedule? {
        let (first, length) = (random.within(0...9), random.within(1...9))
        guard let start = try? CronExpression("\(first)/10 * * * *") else { return nil }
        let target = random.pick(metrics)
        return Schedule(
            name: "\(first) \(length)", start: start, end: .after(.seconds(60 * length)),
            minReplicas: random.chance(percent: 60) ? random.within(0...8) : nil,
            maxReplicas: random.chance(percent: 40) ? max(least, 1) + random.within(0...8) : nil,
            targets: random.chance(percent: 40) ? [target.name: random.pick([50, 100, 200])] : [:])
    }
}

extension MetricSpec {
    fileprivate static func random(named name: String, using random: inout SplitMix64) -> MetricSpec {
        MetricSpec(
            name: name, target: 100, targetType: random.pick(TargetType.allCases),
            activation: random.pick([0, 0, 0, 20, 250])
        )
    }
}

extension SafetyLimits {
    fileprivate static func random(using random: inout SplitMix64) -> SafetyLimits {
        func cooldown(_ percent: Int) -> Duration? {
            random.chance(percent: percent) ? .seconds(random.pick([0, 30, 60, 300])) : nil
        }
        let rates: [RateLimit] = [
            .replicas(0), .replicas(1), .replicas(3), .percent(0), .percent(10), .percent(100),
            .larger(replicas: 4, percent: 100),
        ]
        return SafetyLimits(
            cooldown: cooldown(40),
            scaleUpCooldown: cooldown(40),
            scaleDownCooldown: cooldown(60),
            maxScaleUpRate: random.pick(rates),
            maxScaleDownRate: random.pick(rates),
            scaleUpStabilization: .seconds(random.pick([0, 0, 60, 300])),
            scaleDownStabilization: .seconds(random.pick([0, 0, 60, 300]))
        )
    }
}
