extension Decision {
    /// The decision in one sentence for users: the action, the metric that requires it, and the limits.
    package var reason: String {
        let verb = limitedBy.contains(.dryRun) ? "Would scale" : "Scale"
        let action = changesReplicas ? "\(verb) from \(current) to \(desired)" : "Keep \(current)"
        var parts = [driver].compactMap(\.self) + limitedBy.compactMap { details[$0] ?? phrase($0) }
        if isPushed, changesReplicas { parts.append("triggered by a pushed reading") }
        return parts.isEmpty ? "\(action)." : "\(action): \(parts.joined(separator: "; "))."
    }

    /// The forecast that decides the recommendation.
    private var leadingForecast: ForecastRecord? {
        guard limitedBy.contains(.forecast) else { return nil }
        return forecasts.filter(\.isActive).max { $0.replicas < $1.replicas }
    }

    /// The metric that asks for the most replicas; without any value, the first one.
    package var leader: MetricRecord? {
        if let leadingForecast { return metrics.first { $0.name == leadingForecast.metric } }
        return metrics.max { ($0.recommended ?? -1) < ($1.recommended ?? -1) }
    }

    /// The values of schedules that mattered: bounds that were met, and the target of the metric that asks for most.
    var effectiveSchedules: [ScheduledValue] {
        let isJump = limitedBy.contains(.boundsJump)
        return scheduled.filter { value in
            switch value.field {
            case .minReplicas: limitedBy.contains(.minReplicas) || isJump && desired > current
            case .maxReplicas: limitedBy.contains(.maxReplicas) || isJump && desired < current
            case .target(let metric): leader?.name == metric && leader?.recommended != nil
            }
        }
    }

    /// The metric with the highest recommendation, or the reason why there is none.
    private var driver: String? {
        if leadingForecast != nil { return nil }
        if let leader, let recommended = leader.recommended, let value = leader.observation.value {
            let ratio = leader.ratio.map { ", ratio \($0.shortText)" } ?? ""
            let source = leader.formula.map { " (\($0.filled))" } ?? ""
            let how = leader.observation.isObserved ? source : source + leader.assumption
            let kind = leader.targetType == .averageValue ? " per replica" : ""
            return
                "\(leader.name) is \(value.shortText)\(how) against a target of \(leader.target.shortText)\(kind)\(ratio), "
                + "which asks for \(recommended)"
        }
        return metrics.first { $0.observation.value == nil }.map(Self.missing)
    }

    private static func missing(_ metric: MetricRecord) -> String {
        switch metric.observation {
        case .value, .assumed: "\(metric.name) has a value"
        case .noData(let why): "\(metric.name) has no data (\(why))"
        case .failed(let why): "\(metric.name) could not be read (\(why))"
        }
    }

    /// Returns the clause for a cause; nil if the rest of the sentence already implies or contradicts it.
    private func phrase(_ cause: Cause) -> String? {
        switch cause {
        case .minReplicas: scheduled[.minReplicas] == nil ? "minReplicas asks for at least \(desired)" : nil
        case .maxReplicas: scheduled[.maxReplicas] == nil ? "maxReplicas allows at most \(desired)" : nil
        case .schedule: effectiveSchedules.map(\.sentence).joined(separator: "; ")
        case .forecast: leadingForecast?.sentence
        case .budgetCap: "the budget allows at most \(budget?.cap ?? desired)"
        case .budget: sharedBudgetPhrase
        case .usefulReplicas: useful
        case .assumedValue: assumed
        case .errorBudget: "the error budget is being spent too fast"
        case .tolerance: "within tolerance of the target"
        case .notReady: notReady
        case .scaleUpStabilized: "the scale-up stabilization window contains a lower recommendation"
        case .scaleDownStabilized: "the scale-down stabilization window contains a higher recommendation"
        case .cooldown: "a cooldown has not passed yet"
        case .scaleUpRate: "maxScaleUpRate allows no more at once"
        case .scaleDownRate: "maxScaleDownRate allows no more at once"
        case .partialMetrics:
            (changesReplicas ? "" : "no scale-down while a metric is missing: ")
                + (metrics.first { $0.observation.value == nil }.map(Self.missing) ?? "one has no value")
        // Not held: another rule sets the replicas anyway.
        case .noData: changesReplicas || limitedBy.contains(.fallback) ? nil : "replicas are held without data"
        case .fallback: "the fallback applies"
        case .boundsJump: "\(current) is \(desired < current ? "above maxReplicas" : "below minReplicas")"
        case .activation: activation
        case .toZero:
            "every metric has been idle for the scale-down cooldown" + (inactiveSources.map { " (\($0))" } ?? "")
        case .stuckAtZero:
            "no metric has a value at 0 replicas: check its source, or use a metric that exists without pods"
        case .paused: "the scaler is paused"
        case .dryRun: "mode is DryRun, so nothing is patched"
        case .switchedOff: "the target was set to 0 replicas manually: set it above 0 to resume scaling"
        case .duplicateTarget: "another GeneralScaler scales this target"
        case .replicasConflict: "another client also sets the replicas of this target"
        }
    }

    /// Names the metric whose cap decided: the one that recommends the most of those that are at theirs.
    private var useful: String {
        let capped = metrics.filter { $0.usefulReplicas != nil && $0.recommended == $0.usefulReplicas }
            .max { ($0.recommended ?? 0) < ($1.recommended ?? 0) }
        let most = (capped?.usefulReplicas ?? recommended).counted("replica")
        return "\(capped?.name ?? "a metric") has work for at most \(most)"
    }

    private var activation: String {
        if desired > 0 {
            return metrics.first { $0.isActive == true }.map { "the source of \($0.name) is active" }
                ?? "a metric is above its activation value"
        }
        let byValue =
            metrics.contains { $0.isActive != false } || metrics.isEmpty
            ? "no metric is above its activation value" : nil
        return [byValue, inactiveSources].compactMap(\.self).joined(separator: ", and ")
    }

    /// Names the metrics whose sources say that they have no work; nil if there is none.
    private var inactiveSources: String? {
        let names = metrics.filter { $0.isActive == false }.map(\.name)
        guard !names.isEmpty else { return nil }
        return names.count == 1
            ? "the source of \(names[0]) is not active"
            : "the sources of \(names.joined(separator: ", ")) are not active"
    }

    private var assumed: String {
        let formula = metrics.first {
            $0.formula != nil && $0.observation.value != nil && !$0.observation.isObserved
        }
        let name = formula?.name ?? "a formula"
        return changesReplicas ? "\(name) is assumed" : "no scale-down while \(name) is assumed"
    }

    private var notReady: String {
        guard let readyText else {
            if changesReplicas { return "the number of ready replicas is unknown" }
            return
                "the target's status does not report its ready replicas (readyReplicas), so a value per replica "
                + "has no effect; a total with targetType AverageValue does not need them"
        }
        return "only \(readyText)"
    }

    /// The ready replicas as text, such as `2 of 4 replicas are ready`; nil if the target does not report them.
    package var readyText: String? { ready.map { Self.readyText($0, of: current) } }

    package static func readyText(_ ready: Int, of current: Int) -> String {
        "\(ready) of \(current.counted("replica")) \(ready == 1 || current == 1 ? "is" : "are") ready"
    }
}

extension MetricRecord {
    fileprivate var assumption: String {
        formula == nil ? " by assumption (its source has no value)" : " by assumption (a value is missing)"
    }
}
