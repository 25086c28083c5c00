/// Keeps every metric at its target: the metric with the highest recommendation decides.
package struct SLOPolicy: ScalingPolicy, Hashable {
    /// How far a ratio may exceed 1 without a scale-up.
    package var scaleUpTolerance: Double
    /// How far a ratio may be below 1 without a scale-down.
    package var scaleDownTolerance: Double
    package var objective: ErrorBudget?

    package init(
        scaleUpTolerance: Double = Tolerance.standard,
        scaleDownTolerance: Double = Tolerance.standard,
        objective: ErrorBudget? = nil
    ) {
        self.scaleUpTolerance = scaleUpTolerance
        self.scaleDownTolerance = scaleDownTolerance
        self.objective = objective
    }

    package func recommend(_ input: PolicyInput) -> PolicyRecommendation {
        let rule = RatioRule(scaleUpTolerance: scaleUpTolerance, scaleDownTolerance: scaleDownTolerance)
        var outcomes: [RatioRule.Outcome] = []
        var uncapped = 0
        let records = zip(input.metrics, input.observations).map { metric, observation in
            var record = MetricRecord(
                name: metric.name, observation: observation, target: metric.target, targetType: metric.targetType
            )
            guard let value = observation.value, !isObjective(metric) else { return record }
            let wanted = rule.outcome(value: value, metric: metric, current: input.current, ready: input.ready)
            uncapped = max(uncapped, wanted.recommended)
            record.usefulReplicas = input.usefulReplicas[metric.name]
            let outcome = wanted.capped(at: record.usefulReplicas)
            outcomes.append(outcome)
            record.ratio = outcome.ratio
            record.recommended = outcome.recommended
            return record
        }
        var result = PolicyRecommendation(records: records, replicas: outcomes.map(\.recommended).max())
        if result.replicas == input.current {
            result.causes = [Cause.tolerance, .notReady].filter { cause in outcomes.contains { $0.heldBy == cause } }
        }
        // The cap of a metric that another one exceeds has no effect.
        if let replicas = result.replicas, replicas < uncapped { result.causes.append(.usefulReplicas) }
        if let objective { apply(objective.verdict(input), to: &result, input) }
        return result
    }

    private func isObjective(_ metric: MetricSpec) -> Bool {
        objective.map { metric.name == $0.metric || metric.name == $0.longMetric } ?? false
    }

    private func apply(_ verdict: ErrorBudget.Verdict, to result: inout PolicyRecommendation, _ input: PolicyInput) {
        switch verdict {
        case .withinBudget: break
        // A gap in the data neither ends nor starts the period, and removes no replicas.
        case .unknown:
            result.errorBudgetHeldSince = input.errorBudgetHeldSince
            result.holdsScaleDown = .errorBudget
            if let objective {
                result.details[.errorBudget] = "the error budget is unknown: \(objective.longMetric) has no value"
            }
        case .exhausting(let fast): hold(fast: fast, &result, input)
        }
    }

    private func hold(fast: Bool, _ result: inout PolicyRecommendation, _ input: PolicyInput) {
        let heldSince = min(input.errorBudgetHeldSince ?? input.now, input.now)
        result.errorBudgetHeldSince = heldSince
        if input.now - heldSince < ErrorBudget.maximumHold { result.holdsScaleDown = .errorBudget }
        let floor = input.current + input.scaleUpStep
        if fast, floor > result.replicas ?? input.current {
            result.replicas = floor
            result.causes = [.errorBudget]
        }
    }
}
