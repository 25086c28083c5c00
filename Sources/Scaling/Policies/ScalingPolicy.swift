/// Turns observations into a recommendation. The SafeScaler then bounds it.
package protocol ScalingPolicy: Sendable {
    func recommend(_ input: PolicyInput) -> PolicyRecommendation
}

package struct PolicyInput: Sendable {
    package var now: Timestamp
    package var current: Int
    /// Replicas that are known to take load; at most a stale view of `current`.
    package var ready: Int
    package var metrics: [MetricSpec]
    /// One per metric, in the same order, already judged for age and sense.
    package var observations: [MetricObservation]
    /// The most that one scale-up may add.
    package var scaleUpStep: Int
    /// Since when an exhausted error budget has held back scale-downs without a break.
    package var errorBudgetHeldSince: Timestamp?

    package init(
        now: Timestamp,
        current: Int,
        ready: Int,
        metrics: [MetricSpec],
        observations: [MetricObservation],
        scaleUpStep: Int,
        errorBudgetHeldSince: Timestamp? = nil
    ) {
        self.now = now
        self.current = current
        self.ready = ready
        self.metrics = metrics
        self.observations = observations
        self.scaleUpStep = scaleUpStep
        self.errorBudgetHeldSince = errorBudgetHeldSince
    }
}

package struct PolicyRecommendation: Sendable {
    package var records: [MetricRecord]
    /// What the metrics with a value ask for together; nil if none has one.
    package var replicas: Int?
    /// What shaped `replicas` so far.
    package var causes: [Cause] = []
    /// The policy knows a reason to remove no replicas now.
    package var holdsScaleDown: Cause?
    package var errorBudgetHeldSince: Timestamp?
    package var budget: BudgetRecord?

    package init(
        records: [MetricRecord],
        replicas: Int?,
        causes: [Cause] = [],
        holdsScaleDown: Cause? = nil,
        errorBudgetHeldSince: Timestamp? = nil,
        budget: BudgetRecord? = nil
    ) {
        self.records = records
        self.replicas = replicas
        self.causes = causes
        self.holdsScaleDown = holdsScaleDown
        self.errorBudgetHeldSince = errorBudgetHeldSince
        self.budget = budget
    }
}
