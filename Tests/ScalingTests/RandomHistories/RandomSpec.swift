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
            policy: random.chance(percent: 25)
                ? CostPolicy(
                    demand: demand, costPerPodPerHour: 0.1, maxCostPerHour: 0.1 * Double(random.within(1...12)))
                : demand,
            safety: .random(using: &random),
            fallback: FallbackSpec(
                failureThreshold: random.within(1...4), replicas: random.within(0...12),
                behavior: random.pick(FallbackSpec.Behavior.allCases)
            )
        )
    }

    /// The replicas that the budget allows, as documented.
    var cap: Int? {
        guard let cost = policy as? CostPolicy else { return nil }
        return Int((cost.maxCostPerHour / cost.costPerPodPerHour + 1e-9).rounded(.down))
    }

    var objective: ErrorBudget? { (policy as? SLOPolicy ?? (policy as? CostPolicy)?.demand)?.objective }
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
