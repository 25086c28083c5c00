/// The state of a scaler between decisions. The stored part survives a restart in the object's status.
package struct ScalingHistory: Sendable, Hashable {
    /// A scale patch that was about to be sent; written before it is.
    package struct PendingScale: Sendable, Hashable {
        package var from: Int
        package var to: Int
        package var at: Timestamp
        /// The spec may have been edited since, so that what the bounds were when it was decided is not known.
        package var isOfFormerSpec: Bool

        package init(from: Int, to: Int, at: Timestamp, isOfFormerSpec: Bool = false) {
            self.from = from
            self.to = to
            self.at = at
            self.isOfFormerSpec = isOfFormerSpec
        }
    }

    // MARK: Stored

    package var lastScaleUpTime: Timestamp?
    package var lastScaleDownTime: Timestamp?
    /// When someone else changed the replicas.
    package var lastOutsideChangeTime: Timestamp?
    /// When a metric was last above its activation, or without a value.
    package var lastActiveTime: Timestamp?
    /// The target is at 0 because this scaler put it there.
    package var scaledToZero: Bool
    package var pendingScale: PendingScale?
    /// Replicas when last looked at; what differs next time was someone else's doing.
    package var lastSeenReplicas: Int?
    /// The target has been above 0.
    package var hasSeenReplicas: Bool

    // MARK: Rebuilt after a restart

    var upWindow = StabilizationWindow(.lowest)
    var downWindow = StabilizationWindow(.highest)
    /// Metrics that had no value at the last poll, by name.
    package internal(set) var failures: [String: FailureStreak] = [:]
    /// Since when an exhausted error budget has held back scale-downs without a break.
    package internal(set) var errorBudgetHeldSince: Timestamp?

    /// Polls in a row without a value.
    package struct FailureStreak: Sendable, Hashable {
        package var polls: Int
        /// When the first of them was.
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

    /// Takes note of a replica change of our own that the API server accepted.
    package mutating func recordScale(from: Int, to: Int, at time: Timestamp, startsCooldown: Bool) {
        pendingScale = nil
        lastSeenReplicas = to
        scaledToZero = to == 0
        // One side of every scaling is above 0.
        hasSeenReplicas = true
        guard startsCooldown else { return }
        if to > from { lastScaleUpTime = time } else { lastScaleDownTime = time }
    }

    /// Drops what is only true of the target that has been scaled so far: another one is scaled from now on.
    package mutating func forgetTarget() {
        pendingScale = nil
        lastSeenReplicas = nil
        scaledToZero = false
        hasSeenReplicas = false
    }

    /// Forgets a target that was deleted and created again: another object under the same name, whose replicas someone
    /// else has set.
    package mutating func replaceTarget(at now: Timestamp) {
        forgetTarget()
        lastOutsideChangeTime = now
    }

    /// Brings the memory up to what is seen now, before anything is decided on it.
    mutating func observe(current: Int, bounds: ClosedRange<Int>, now: Timestamp) {
        clampFutureTimes(to: now)
        resolvePendingScale(current: current, bounds: bounds)
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

    /// Replicas at `to`: the patch got through. At `from`: it did not. Anything else is someone else's change.
    private mutating func resolvePendingScale(current: Int, bounds: ClosedRange<Int>) {
        guard let pending = pendingScale else { return }
        pendingScale = nil
        if current == pending.to {
            // By bounds that are not those of then, any scaling may look like a jump into them.
            let nearest = min(max(pending.from, bounds.lowerBound), bounds.upperBound)
            let isJump = !pending.isOfFormerSpec && !bounds.contains(pending.from) && pending.to == nearest
            recordScale(from: pending.from, to: pending.to, at: pending.at, startsCooldown: !isJump)
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

    /// Counts, metric by metric, polls in a row without a value.
    mutating func recordFailures(_ metrics: [MetricSpec], _ observations: [MetricObservation], at now: Timestamp) {
        var streaks: [String: FailureStreak] = [:]
        for (metric, observation) in zip(metrics, observations) where observation.value == nil {
            let previous = failures[metric.name]
            streaks[metric.name] = FailureStreak(polls: (previous?.polls ?? 0) + 1, since: previous?.since ?? now)
        }
        failures = streaks
    }

    /// Returns whether the metric has been without a value for as long as a fallback asks for.
    func hasFailedForLong(_ metric: MetricSpec, fallback: FallbackSpec, now: Timestamp) -> Bool {
        guard let streak = failures[metric.name] else { return false }
        return streak.polls >= fallback.failureThreshold && now - streak.since >= FallbackSpec.minimumFailureTime
    }

    func hasFailed(_ metric: MetricSpec, polls: Int) -> Bool {
        failures[metric.name].map { $0.polls >= polls } ?? false
    }
}
