/// A decision, as data. Status, events, the audit log, metrics and replays all come from this value.
package struct Decision: Sendable, Hashable {
    package var time: Timestamp
    /// Replicas the target is set to.
    package var current: Int
    /// Nil if the target does not report them.
    package var ready: Int?
    /// What the policy, or the fallback, asks for, before any limit.
    package var recommended: Int
    /// What the target should be set to, after every limit. Equal to `current`: leave it.
    package var desired: Int
    package var metrics: [MetricRecord]
    /// In the order in which they came to bear; without repeats.
    package var limitedBy: [Cause]
    /// There for the cost policy.
    package var budget: BudgetRecord?
    /// Every metric has a value and none is above its activation.
    package var isIdle: Bool
    /// When the cooldown that holds the replicas is over: the first moment at which another decision may come out.
    package var cooldownEnd: Timestamp?
    /// A reading that a plugin pushed started it, ahead of the poll.
    package var isPushed = false
    /// What is known of a cause beyond its name, for ``reason``.
    package var details: [Cause: String] = [:]
    /// The values of the spec that schedules set at ``time``, whether or not they mattered.
    package var scheduled: [ScheduledValue] = []

    package init(
        time: Timestamp,
        current: Int,
        ready: Int?,
        recommended: Int,
        desired: Int,
        metrics: [MetricRecord] = [],
        limitedBy: [Cause] = [],
        budget: BudgetRecord? = nil,
        isIdle: Bool = false,
        cooldownEnd: Timestamp? = nil
    ) {
        self.time = time
        self.current = current
        self.ready = ready
        self.recommended = recommended
        self.desired = desired
        self.metrics = metrics
        self.limitedBy = limitedBy
        self.budget = budget
        self.isIdle = isIdle
        self.cooldownEnd = cooldownEnd
    }

    /// Whether the target is to be patched.
    package var changesReplicas: Bool { desired != current }

    /// Whether later cooldowns count from this scaling: a jump to the bounds starts none.
    package var startsCooldown: Bool { !limitedBy.contains(.boundsJump) }

    /// Returns whether an observer would call the two the same decision: live values and times do not count, and
    /// neither does whether a metric is off its target within the tolerance, which comes and goes with any noise. What
    /// a hold names does.
    package func isSame(as other: Decision) -> Bool {
        current == other.current && desired == other.desired && details == other.details
            && scheduled == other.scheduled
            && limitedBy.lazy.filter { $0 != .tolerance }.elementsEqual(
                other.limitedBy.lazy.filter { $0 != .tolerance })
    }
}

/// The input of one metric to a decision.
package struct MetricRecord: Sendable, Hashable {
    package var name: String
    package var observation: MetricObservation
    package var target: Double
    package var targetType: MetricSpec.TargetType
    /// Observed over wanted; nil without a value, and for AverageValue at 0 replicas.
    package var ratio: Double?
    /// What this metric alone asks for; nil without a value.
    package var recommended: Int?

    package init(
        name: String,
        observation: MetricObservation,
        target: Double,
        targetType: MetricSpec.TargetType,
        ratio: Double? = nil,
        recommended: Int? = nil
    ) {
        self.name = name
        self.observation = observation
        self.target = target
        self.targetType = targetType
        self.ratio = ratio
        self.recommended = recommended
    }
}

/// The cost of a scaler's replicas and its budget, in the currency of its spec.
package struct BudgetRecord: Sendable, Hashable {
    package var costPerHour: Double
    package var maxCostPerHour: Double
    /// Replicas that the budget allows.
    package var cap: Int

    package init(costPerHour: Double, maxCostPerHour: Double, cap: Int) {
        self.costPerHour = costPerHour
        self.maxCostPerHour = maxCostPerHour
        self.cap = cap
    }

    /// 0 when within the budget.
    package var overspendPerHour: Double { max(0, costPerHour - maxCostPerHour) }
}
