/// A decision as data. Status, events, the audit log, metrics and replays are derived from it.
package struct Decision: Sendable, Hashable {
    package var time: Timestamp
    /// The replicas that the target is set to.
    package var current: Int
    /// The ready replicas; nil if the target does not report them.
    package var ready: Int?
    /// The recommendation of the policy or the fallback, before any limit.
    package var recommended: Int
    /// The replicas to set, after all limits. Equal to `current` if nothing changes.
    package var desired: Int
    package var metrics: [MetricRecord]
    /// The readings of the metrics without a target.
    package var inputs: [InputRecord] = []
    /// The causes in the order in which they applied, without duplicates.
    package var limitedBy: [Cause]
    /// The budget; set for the cost policy.
    package var budget: BudgetRecord?
    /// The cap of the shared budgets; nil if the scaler is under none.
    package var sharedBudget: SharedBudgetCap?
    /// Whether every metric has a value and none is above its activation, or active by its source.
    package var isIdle: Bool
    /// When the cooldown that holds the replicas ends: the earliest time at which the decision may change.
    package var cooldownEnd: Timestamp?
    /// Whether a pushed reading started the poll early.
    package var isPushed = false
    /// Details of the causes for ``reason``.
    package var details: [Cause: String] = [:]
    /// The values of the spec that schedules set at ``time``, even if they had no effect.
    package var scheduled: [ScheduledValue] = []
    /// The forecasts, of the metrics that have one, even if they had no effect.
    package var forecasts: [ForecastRecord] = []

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

    /// Whether the target has to be patched.
    package var changesReplicas: Bool { desired != current }

    /// Whether this scaling event starts a cooldown. A jump to the bounds does not.
    package var startsCooldown: Bool { !limitedBy.contains(.boundsJump) }

    /// Returns whether the decisions are equal apart from live values, times, and whether a metric is within the
    /// tolerance, which changes with noise. The object that a hold names is compared.
    package func isSame(as other: Decision) -> Bool {
        current == other.current && desired == other.desired && details == other.details
            && (!limitedBy.contains(.budget) || sharedBudget?.budget == other.sharedBudget?.budget)
            && scheduled == other.scheduled && forecasts.elementsEqual(other.forecasts) { $0.isSame(as: $1) }
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
    /// The observed value divided by the target; nil without a value, and for AverageValue at 0 replicas.
    package var ratio: Double?
    /// The recommendation of this metric alone; nil without a value.
    package var recommended: Int?
    /// The most replicas that the source has work for, which caps `recommended`; nil if it does not say.
    package var usefulReplicas: Int?
    /// Whether the source has work, if it says so itself.
    package var isActive: Bool?
    /// The formula that gave the value; nil for a metric that is read.
    package var formula: FormulaRecord?

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

/// A formula at one decision.
package struct FormulaRecord: Sendable, Hashable {
    /// As written.
    package var text: String
    /// With the values of its inputs in place of their names.
    package var filled: String

    package init(text: String, filled: String) {
        self.text = text
        self.filled = filled
    }
}

/// What a metric without a target said.
package struct InputRecord: Sendable, Hashable {
    package var name: String
    package var observation: MetricObservation

    package init(name: String, observation: MetricObservation) {
        self.name = name
        self.observation = observation
    }
}

/// The cost of a scaler's replicas and its budget, in the currency of its spec.
package struct BudgetRecord: Sendable, Hashable {
    package var costPerHour: Double
    package var maxCostPerHour: Double
    /// The replicas that the budget allows.
    package var cap: Int

    package init(costPerHour: Double, maxCostPerHour: Double, cap: Int) {
        self.costPerHour = costPerHour
        self.maxCostPerHour = maxCostPerHour
        self.cap = cap
    }

    /// The cost above the budget; 0 if within it.
    package var overspendPerHour: Double { max(0, costPerHour - maxCostPerHour) }
}
