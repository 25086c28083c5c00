/// Bounds a recommendation: what may happen to the replicas now, and everything that had a say in it.
///
/// A value that walks through the rules in their order; ``DecisionEngine`` calls them.
struct SafeScaler {
    let spec: ScalingSpec
    let history: ScalingHistory
    let now: Timestamp
    let current: Int
    private(set) var desired: Int
    private(set) var causes: [Cause]

    init(spec: ScalingSpec, history: ScalingHistory, now: Timestamp, current: Int, recommended: Int, causes: [Cause]) {
        self.spec = spec
        self.history = history
        self.now = now
        self.current = current
        self.desired = recommended
        self.causes = causes
    }

    var bounds: ClosedRange<Int> { spec.minReplicas...spec.maxReplicas }

    mutating func note(_ cause: Cause) {
        if !causes.contains(cause) { causes.append(cause) }
    }

    mutating func set(_ replicas: Int, because cause: Cause) {
        desired = replicas
        note(cause)
    }

    // MARK: Stabilization

    /// `min(max(current, lowest of the up window), highest of the down window)`.
    mutating func stabilize(_ history: ScalingHistory) {
        guard let lowest = history.upWindow.value, let highest = history.downWindow.value else { return }
        let stabilized = min(max(current, lowest), highest)
        if stabilized < desired { set(stabilized, because: .scaleUpStabilized) }
        if stabilized > desired { set(stabilized, because: .scaleDownStabilized) }
    }

    // MARK: Cap, cooldown, rate, bounds

    /// - Parameter cap: replicas the budget pays for.
    mutating func limit(cap: Int?, ignoresUpCooldown: Bool) {
        if let cap, desired > max(cap, spec.minReplicas) { set(max(cap, spec.minReplicas), because: .budgetCap) }
        if desired != current, isCoolingDown(ignoresUpCooldown: ignoresUpCooldown) { set(current, because: .cooldown) }
        applyRate()
        if desired > spec.maxReplicas { set(spec.maxReplicas, because: .maxReplicas) }
        if desired < spec.minReplicas { set(spec.minReplicas, because: .minReplicas) }
    }

    func clamped(_ replicas: Int) -> Int { min(max(replicas, spec.minReplicas), spec.maxReplicas) }

    /// Two scalings are at least one polling interval apart, whatever the cooldowns say.
    var isWithinPollOfLastScale: Bool { isWithin(spec.pollingInterval, of: history.lastScaleTime) }

    private func isCoolingDown(ignoresUpCooldown: Bool) -> Bool {
        if isWithinPollOfLastScale { return true }
        let safety = spec.safety
        if desired > current {
            if ignoresUpCooldown { return false }
            if let cooldown = safety.scaleUpCooldown { return isWithin(cooldown, of: history.lastScaleUpTime) }
            if let cooldown = safety.cooldown { return isWithin(cooldown, of: history.lastScaleTime) }
            return isWithin(SafetyLimits.defaultScaleUpCooldown, of: history.lastScaleUpTime)
        }
        let cooldown = safety.effectiveScaleDownCooldown
        return isWithin(cooldown, of: history.lastScaleTime) || isWithin(cooldown, of: history.lastOutsideChangeTime)
    }

    private func isWithin(_ duration: Duration, of time: Timestamp?) -> Bool {
        time.map { now - $0 < duration } ?? false
    }

    private mutating func applyRate() {
        let highest = current + spec.safety.maxScaleUpRate.step(from: current)
        let lowest = current - spec.safety.maxScaleDownRate.step(from: current)
        if desired > highest { set(highest, because: .scaleUpRate) }
        if desired < lowest { set(lowest, because: .scaleDownRate) }
    }
}
