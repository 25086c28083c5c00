/// Limits a recommendation: computes the replicas that are allowed now, and the limits that applied.
///
/// A value to which ``DecisionEngine`` applies the rules in order.
struct SafeScaler {
    let spec: ScalingSpec
    let history: ScalingHistory
    let now: Timestamp
    let current: Int
    private(set) var desired: Int
    private(set) var causes: [Cause]
    /// When the cooldown that holds the replicas ends.
    private(set) var cooldownEnd: Timestamp?

    init(spec: ScalingSpec, history: ScalingHistory, now: Timestamp, current: Int, recommended: Int, causes: [Cause]) {
        self.spec = spec
        self.history = history
        self.now = now
        self.current = current
        self.desired = recommended
        self.causes = causes
    }

    var bounds: ClosedRange<Int> { spec.bounds }

    mutating func note(_ cause: Cause) {
        if !causes.contains(cause) { causes.append(cause) }
    }

    mutating func set(_ replicas: Int, because cause: Cause) {
        desired = replicas
        note(cause)
    }

    // MARK: Stabilization

    /// Applies the stabilization windows: `min(max(current, lowest of the up window), highest of the down window)`.
    mutating func stabilize(_ history: ScalingHistory) {
        guard let lowest = history.upWindow.value, let highest = history.downWindow.value else { return }
        let stabilized = min(max(current, lowest), highest)
        if stabilized < desired { set(stabilized, because: .scaleUpStabilized) }
        if stabilized > desired { set(stabilized, because: .scaleDownStabilized) }
    }

    // MARK: Cap, cooldown, rate, bounds

    /// - Parameters:
    ///   - cap: the replicas that the cost policy allows.
    ///   - sharedCap: those that shared budgets allow.
    mutating func limit(cap: Int?, sharedCap: Int?, ignoresUpCooldown: Bool) {
        if let cap, desired > max(cap, spec.minReplicas) { set(max(cap, spec.minReplicas), because: .budgetCap) }
        apply(sharedCap: sharedCap)
        if desired != current, let end = coolingDownUntil(ignoresUpCooldown: ignoresUpCooldown) { hold(until: end) }
        applyRate()
        if desired > spec.maxReplicas { set(spec.maxReplicas, because: .maxReplicas) }
        if desired < spec.minReplicas { set(spec.minReplicas, because: .minReplicas) }
    }

    /// Applies the cap of shared budgets. The minimum has precedence.
    mutating func apply(sharedCap: Int?) {
        guard let sharedCap, desired > max(sharedCap, spec.minReplicas) else { return }
        set(max(sharedCap, spec.minReplicas), because: .budget)
    }

    /// Removes replicas above the cap of shared budgets regardless of cooldowns and rates.
    mutating func reclaim(to sharedCap: Int) {
        guard desired > max(sharedCap, spec.minReplicas) else { return }
        apply(sharedCap: sharedCap)
        cooldownEnd = nil
    }

    func clamped(_ replicas: Int) -> Int { min(max(replicas, spec.minReplicas), spec.maxReplicas) }

    /// The end of the polling interval after the last scaling event, if it is in the future. Two scaling events are at
    /// least one polling interval apart, regardless of cooldowns.
    var pollOfLastScaleEnd: Timestamp? { end(of: spec.pollingInterval, after: history.lastScaleTime) }

    mutating func hold(until end: Timestamp) {
        set(current, because: .cooldown)
        cooldownEnd = end
    }

    private func coolingDownUntil(ignoresUpCooldown: Bool) -> Timestamp? {
        [pollOfLastScaleEnd, desired > current ? upCooldownEnd(isIgnored: ignoresUpCooldown) : downCooldownEnd]
            .compactMap(\.self).max()
    }

    private func upCooldownEnd(isIgnored: Bool) -> Timestamp? {
        let safety = spec.safety
        if isIgnored { return nil }
        if let cooldown = safety.scaleUpCooldown { return end(of: cooldown, after: history.lastScaleUpTime) }
        if let cooldown = safety.cooldown { return end(of: cooldown, after: history.lastScaleTime) }
        return end(of: SafetyLimits.defaultScaleUpCooldown, after: history.lastScaleUpTime)
    }

    private var downCooldownEnd: Timestamp? {
        let cooldown = spec.safety.effectiveScaleDownCooldown
        return [history.lastScaleTime, history.lastOutsideChangeTime].compactMap { end(of: cooldown, after: $0) }.max()
    }

    /// Returns the time plus the duration, if that is in the future.
    private func end(of duration: Duration, after time: Timestamp?) -> Timestamp? {
        time.flatMap { now - $0 < duration ? $0 + duration : nil }
    }

    private mutating func applyRate() {
        let highest = current + spec.safety.maxScaleUpRate.step(from: current)
        let lowest = current - spec.safety.maxScaleDownRate.step(from: current)
        if desired > highest { set(highest, because: .scaleUpRate) }
        if desired < lowest { set(lowest, because: .scaleDownRate) }
    }
}
