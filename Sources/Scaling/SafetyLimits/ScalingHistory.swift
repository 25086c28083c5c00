/// The state of a scaler between decisions. The stored part survives a restart in the object's status.
package struct ScalingHistory: Sendable, Hashable {
    /// A scale patch in flight, recorded before it is sent.
    package struct PendingScale: Sendable, Hashable {
        package var from: Int
        package var to: Int
        package var at: Timestamp
        /// Whether it starts cooldowns once it is applied: a jump into the bounds does not. Recorded, because neither the
        /// bounds nor the clock may be the same later.
        package var startsCooldown: Bool

        package init(from: Int, to: Int, at: Timestamp, startsCooldown: Bool = true) {
            self.from = from
            self.to = to
            self.at = at
            self.startsCooldown = startsCooldown
        }

        package init(_ decision: Decision) {
            self.init(
                from: decision.current, to: decision.desired, at: decision.time,
                startsCooldown: decision.startsCooldown)
        }
    }

    // MARK: Stored

    package var lastScaleUpTime: Timestamp?
    package var lastScaleDownTime: Timestamp?
    /// When another client changed the replicas.
    package var lastOutsideChangeTime: Timestamp?
    /// When a metric was last above its activation, or without a value.
    package var lastActiveTime: Timestamp?
    /// Whether this scaler set the target to 0.
    package var scaledToZero: Bool
    package var pendingScale: PendingScale?
    /// The last observed replicas. A different count at the next poll is another client's change.
    package var lastSeenReplicas: Int?
    /// Whether the target has been above 0.
    package var hasSeenReplicas: Bool

    // MARK: Rebuilt after a restart

    var upWindow = StabilizationWindow(.lowest)
    var downWindow = StabilizationWindow(.highest)
    /// Metrics without a value at the last poll, by name.
    package internal(set) var failures: [String: FailureStreak] = [:]
    /// Since when an exhausted error budget has held back scale-downs without interruption.
    package internal(set) var errorBudgetHeldSince: Timestamp?

    /// Consecutive polls without a value.
    package struct FailureStreak: Sendable, Hashable {
        package var polls: Int
        /// When the first of them was made.
        package var since: Timestamp

        package init(polls: Int, since: Timestamp) {
            self.polls = polls
            self.since = since
        }
    }

    package init(
        lastScaleUpTime: Timestamp? = nil,
        lastScaleDownTime: Timestamp? = nil,
        lastOutsideChangeTime: Timestamp? = nil,
        lastActiveTime: Timestamp? = nil,
        scaledToZero: Bool = false,
        pendingScale: PendingScale? = nil,
        lastSeenReplicas: Int? = nil,
        hasSeenReplicas: Bool = false
    ) {
        self.lastScaleUpTime = lastScaleUpTime
        self.lastScaleDownTime = lastScaleDownTime
        self.lastOutsideChangeTime = lastOutsideChangeTime
        self.lastActiveTime = lastActiveTime
        self.scaledToZero = scaledToZero
        self.pendingScale = pendingScale
        self.lastSeenReplicas = lastSeenReplicas
        self.hasSeenReplicas = hasSeenReplicas
    }

    /// The later of the last scale-up and the last scale-down.
    package var lastScaleTime: Timestamp? {
        [lastScaleUpTime, lastScaleDownTime].compactMap(\.self).max()
    }

    // MARK: Transitions

    /// Records a change of replicas by this scaler that the API server accepted.
    package mutating func recordScale(from: Int, to: Int, at time: Timestamp, startsCooldown: Bool) {
        pendingScale = nil
        lastSeenReplicas = to
        scaledToZero = to == 0
        // Every scaling event has a count above 0 on one side.
        hasSeenReplicas = true
        guard startsCooldown else { return }
        if to > from { lastScaleUpTime = time } else { lastScaleDownTime = time }
    }

    /// Drops the state of the previous target, because the scaler has a new target.
    package mutating func forgetTarget() {
        pendingScale = nil
        lastSeenReplicas = nil
        scaledToZero = false
        hasSeenReplicas = false
    }

    /// Drops the state of a target that was deleted and recreated: a different object with the same name, whose
    /// replicas another client has set.
    package mutating func replaceTarget(at now: Timestamp) {
        forgetTarget()
        lastOutsideChangeTime = now
    }

    /// Updates the state with the current observations before a decision.
    mutating func observe(current: Int, now: Timestamp) {
        clampFutureTimes(to: now)
        resolvePendingScale(current: current)
        if let lastSeenReplicas, lastSeenReplicas != current { lastOutsideChangeTime = now }
        if max(current, lastSeenReplicas ?? 0) > 0 { hasSeenReplicas = true }
        lastSeenReplicas = current
        if current > 0 { scaledToZero = false }
    }

    private mutating func clampFutureTimes(to now: Timestamp) {
        func clamp(_ time: inout Timestamp?) { time = time.map { min($0, now) } }
        clamp(&lastScaleUpTime)
        clamp(&lastScaleDownTime)
        clamp(&lastOutsideChangeTime)
        clamp(&lastActiveTime)
        clamp(&errorBudgetHeldSince)
        if let pending = pendingScale, pending.at > now { pendingScale?.at = now }
        for (name, streak) in failures where streak.since > now { failures[name]?.since = now }
    }

    /// Resolves a pending scale. Replicas equal to `to`: the patch was applied. Equal to `from`: it was not. Otherwise
    /// another client changed them.
    private mutating func resolvePendingScale(current: Int) {
        guard let pending = pendingScale else { return }
        pendingScale = nil
        if current == pending.to {
            recordScale(
                from: pending.from, to: pending.to, at: pending.at, startsCooldown: pending.startsCooldown)
        } else {
            lastSeenReplicas = pending.from
        }
    }

    mutating func recordRecommendation(
        _ replicas: Int, current: Int, at now: Timestamp, safety: SafetyLimits
    ) {
        if upWindow.entries.isEmpty { seedWindows(with: current, at: now, safety: safety) }
        upWindow.record(replicas, at: now, length: safety.scaleUpStabilization)
        downWindow.record(replicas, at: now, length: safety.scaleDownStabilization)
    }

    private mutating func seedWindows(with current: Int, at now: Timestamp, safety: SafetyLimits) {
        upWindow.record(current, at: now, length: safety.scaleUpStabilization)
        downWindow.record(current, at: now, length: safety.scaleDownStabilization)
    }

    /// Counts consecutive polls without a value, by metric.
    mutating func recordFailures(_ metrics: [MetricSpec], _ observations: [MetricObservation], at now: Timestamp) {
        var streaks: [String: FailureStreak] = [:]
        for (metric, observation) in zip(metrics, observations) where observation.value == nil {
            let previous = failures[metric.name]
            streaks[metric.name] = FailureStreak(polls: (previous?.polls ?? 0) + 1, since: previous?.since ?? now)
        }
        failures = streaks
    }

    /// Returns whether the metric has been without a value for as long as a fallback requires.
    func hasFailedForLong(_ metric: MetricSpec, fallback: FallbackSpec, now: Timestamp) -> Bool {
        guard let streak = failures[metric.name] else { return false }
        return streak.polls >= fallback.failureThreshold && now - streak.since >= FallbackSpec.minimumFailureTime
    }

    func hasFailed(_ metric: MetricSpec, polls: Int) -> Bool {
        failures[metric.name].map { $0.polls >= polls } ?? false
    }
}
