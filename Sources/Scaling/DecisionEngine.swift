package struct DecisionOutcome: Sendable, Hashable {
    package var decision: Decision
    /// The input of the next decision. An applied scale operation is recorded with
    /// ``ScalingHistory/recordScale(from:to:at:startsCooldown:)``.
    package var history: ScalingHistory
}

/// Makes decisions. Deterministic: the same input gives the same decision.
package enum DecisionEngine {
    package static func decide(_ input: DecisionInput) -> DecisionOutcome {
        var step = DecisionStep(input)
        var decision = step.run()
        decision.isPushed = input.isPushed
        decision.scheduled = step.scheduled
        decision.forecasts = step.forecasts
        if !decision.effectiveSchedules.isEmpty { decision.limitedBy.append(.schedule) }
        decision.details = step.policy.details.merging(input.details) { $1 }
            .filter { decision.limitedBy.contains($0.key) }
        return DecisionOutcome(decision: decision, history: step.history)
    }
}

/// One run of the rules over an input.
private struct DecisionStep {
    /// As the schedules have it now.
    let spec: ScalingSpec
    let scheduled: [ScheduledValue]
    let now: Timestamp
    let current: Int
    let ready: Int?
    let checked: CheckedMetrics
    let observations: [MetricObservation]
    let holds: [Cause]
    let policy: PolicyRecommendation
    let hasMissing: Bool
    let isActive: Bool
    let forecasts: [ForecastRecord]
    let sharedBudget: SharedBudgetCap?
    var history: ScalingHistory

    init(_ input: DecisionInput) {
        (spec, scheduled) = input.spec.effective(at: input.now)
        now = input.now
        current = input.current
        ready = input.ready
        checked = CheckedMetrics(input)
        observations = checked.observations
        sharedBudget = input.sharedBudget
        holds = input.holds + (spec.isPaused ? [.paused] : [])
        history = input.history
        history.observe(current: current, now: now)
        history.recordFailures(spec.metrics, observations, at: now)
        policy = spec.policy.recommend(
            PolicyInput(
                now: now,
                current: current,
                // A replica of unknown readiness counts as not ready.
                ready: ready ?? 0,
                metrics: spec.metrics,
                observations: observations,
                inputs: checked.inputs,
                usefulReplicas: input.usefulReplicas,
                scaleUpStep: spec.safety.maxScaleUpRate.step(from: current),
                errorBudgetHeldSince: history.errorBudgetHeldSince
            )
        )
        history.errorBudgetHeldSince = policy.errorBudgetHeldSince
        hasMissing = observations.contains { $0.value == nil }
        isActive = zip(spec.metrics, observations).contains { metric, observation in
            observation.value.map { input.activity[metric.name] ?? ($0 > metric.activation) } ?? false
        }
        forecasts = spec.forecastRecords(input.forecasts, observations)
        if !isIdle || history.lastActiveTime == nil { history.lastActiveTime = now }
    }

    mutating func run() -> Decision {
        let recommendation = recommend()
        var scaler = SafeScaler(
            spec: spec, history: history, now: now, current: current, recommended: recommendation.replicas,
            causes: recommendation.causes
        )
        if !holds.isEmpty {
            for cause in holds { scaler.set(current, because: cause) }
            remember(current)
        } else if isSwitchedOff {
            scaler.set(current, because: .switchedOff)
            remember(current)
        } else if !scaler.bounds.contains(current) {
            scaler.set(scaler.clamped(current), because: .boundsJump)
            remember(recommendation.replicas)
        } else if current == 0, isActive || !recommendation.causes.contains(.fallback) {
            leaveZero(&scaler)
            // A poll that holds records the current replicas.
            remember(isActive ? recommendation.replicas : current)
        } else if spec.minReplicas == 0, current > 0, hasBeenIdle {
            goToZero(&scaler)
            reclaim(&scaler)
            remember(recommendation.replicas)
        } else {
            remember(recommendation.replicas)
            scaler.stabilize(history)
            scaler.limit(
                cap: policy.budget?.cap, sharedCap: sharedBudget?.replicas,
                ignoresUpCooldown: recommendation.causes.contains(.fallback))
            reclaim(&scaler)
        }
        if isStuckAtZero, scaler.desired == 0 { scaler.note(.stuckAtZero) }
        if spec.isDryRun, scaler.desired != current { scaler.note(.dryRun) }
        return record(recommended: recommendation.replicas, scaler)
    }

    // MARK: The recommendation

    private struct Recommendation {
        var replicas: Int
        var causes: [Cause]
    }

    private func recommend() -> Recommendation {
        if let fallback = fallbackReplicas {
            return Recommendation(replicas: fallback, causes: [.noData, .fallback])
        }
        var result = Recommendation(replicas: policy.replicas ?? current, causes: policy.causes)
        if hasMissing {
            if policy.replicas == nil { result.causes = [.noData] }
            if result.replicas < current {
                result = Recommendation(replicas: current, causes: [.partialMetrics])
            }
            if let floor = partialFallbackFloor, floor > result.replicas {
                result.replicas = floor
                result.causes = [policy.replicas == nil ? .noData : .partialMetrics, .fallback]
            }
        }
        if isAssumed, result.replicas < current {
            result = Recommendation(replicas: current, causes: [.assumedValue])
        }
        if let cause = policy.holdsScaleDown, result.replicas < current {
            result.replicas = current
            result.causes = [cause]
        }
        // At 0 replicas the activation decides alone.
        let forecast = forecasts.filter(\.isActive).map(\.replicas).max() ?? 0
        if current > 0, forecast > result.replicas {
            // A fallback ignores the cooldown, also if a forecast asks for more.
            let fallback = result.causes.filter { $0 == .fallback }
            result = Recommendation(replicas: forecast, causes: fallback + [.forecast])
        }
        return result
    }

    /// A formula's value stands in for missing data: it may add replicas and removes none.
    private var isAssumed: Bool {
        zip(spec.metrics, observations).contains { metric, observation in
            metric.formula != nil && observation.value != nil && !observation.isObserved
        }
    }

    private func hasFailedForLong(_ metric: MetricSpec) -> Bool {
        history.hasFailedForLong(metric, fallback: spec.fallback, now: now)
    }

    /// The fallback's recommendation if no metric has a value; nil while it does not apply.
    private var fallbackReplicas: Int? {
        guard spec.metrics.allSatisfy(hasFailedForLong) else { return nil }
        switch spec.fallback.behavior {
        case .hold: return current
        case .static: return spec.fallback.replicas
        case .staticIfHigher: return max(current, spec.fallback.replicas)
        case .staticIfLower: return min(current, spec.fallback.replicas)
        }
    }

    /// The minimum of the fallback if only some metrics have a value.
    private var partialFallbackFloor: Int? {
        switch spec.fallback.behavior {
        case .hold, .staticIfLower: nil
        case .static, .staticIfHigher: spec.metrics.contains(where: hasFailedForLong) ? spec.fallback.replicas : nil
        }
    }

    // MARK: Zero

    /// Whether every metric is idle. An assumed value does not count, because an empty query result does not prove that
    /// there is no load.
    private var isIdle: Bool { observations.allSatisfy(\.isObserved) && !isActive }

    private var isSwitchedOff: Bool { current == 0 && history.hasSeenReplicas && !history.scaledToZero }

    private var isStuckAtZero: Bool {
        holds.isEmpty && !isSwitchedOff && current == 0 && spec.minReplicas == 0
            && spec.metrics.allSatisfy { history.hasFailed($0, polls: spec.fallback.failureThreshold) }
    }

    private func leaveZero(_ scaler: inout SafeScaler) {
        guard isActive else {
            if scaler.desired > 0 { scaler.set(0, because: .activation) }
            return
        }
        let wanted = max(scaler.desired, 1, spec.minReplicas)
        scaler.set(wanted, because: .activation)
        if let cap = policy.budget?.cap, wanted > max(cap, spec.minReplicas) {
            scaler.set(max(cap, spec.minReplicas), because: .budgetCap)
        }
        if scaler.desired > spec.maxReplicas { scaler.set(spec.maxReplicas, because: .maxReplicas) }
        scaler.apply(sharedCap: sharedBudget?.replicas)
    }

    /// Whether the scaler has been idle for the whole scale-down cooldown, restarted by a change of another client.
    private var hasBeenIdle: Bool {
        guard isIdle, let since = [history.lastActiveTime, history.lastOutsideChangeTime].compactMap(\.self).max()
        else {
            return false
        }
        return now - since >= spec.safety.effectiveScaleDownCooldown
    }

    /// Scales to 0. Only `minReplicas` limits this step; rate limits apply to steps between positive counts.
    private func goToZero(_ scaler: inout SafeScaler) {
        if let end = scaler.pollOfLastScaleEnd {
            scaler.hold(until: end)
        } else if let cause = policy.holdsScaleDown {
            scaler.set(current, because: cause)
        } else {
            scaler.set(0, because: .toZero)
        }
    }

    // MARK: Shared budgets

    private func reclaim(_ scaler: inout SafeScaler) {
        if let replicas = sharedBudget?.immediateReplicas { scaler.reclaim(to: replicas) }
    }

    // MARK: The record

    private mutating func remember(_ replicas: Int) {
        history.recordRecommendation(replicas, current: current, at: now, safety: spec.safety)
    }

    private func record(recommended: Int, _ scaler: SafeScaler) -> Decision {
        var decision = Decision(
            time: now,
            current: current,
            ready: ready,
            recommended: recommended,
            desired: scaler.desired,
            metrics: checked.described(policy.records),
            limitedBy: scaler.causes,
            budget: policy.budget,
            isIdle: isIdle,
            cooldownEnd: scaler.cooldownEnd
        )
        decision.inputs = checked.inputs
        decision.sharedBudget = sharedBudget
        return decision
    }
}
