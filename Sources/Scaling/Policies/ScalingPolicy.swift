/// Computes a recommendation from observations. The SafeScaler then limits it.
package protocol ScalingPolicy: Sendable {
    func recommend(_ input: PolicyInput) -> PolicyRecommendation
}

extension ScalingPolicy {
    /// The part of the policy that keeps metrics at their targets; nil for a policy of another kind.
    package var demandPolicy: SLOPolicy? { self as? SLOPolicy ?? (self as? CostPolicy)?.demand }
}

package struct PolicyInput: Sendable {
    package var now: Timestamp
    package var current: Int
    /// The replicas known to be ready; at most a stale view of `current`.
    package var ready: Int
    package var metrics: [MetricSpec]
    /// The observations, one per metric in the same order, already checked for age and validity.
    package var observations: [MetricObservation]
    /// The metrics without a target, checked too.
    package var inputs: [InputRecord]
    /// As in ``DecisionInput/usefulReplicas``.
    package var usefulReplicas: [String: Int]
    /// The maximum number of replicas that one scale-up may add.
    package var scaleUpStep: Int
    /// Since when an exhausted error budget has held back scale-downs without interruption.
    package var errorBudgetHeldSince: Timestamp?

    package init(
        now: Timestamp,
        current: Int,
        ready: Int,
        metrics: [MetricSpec],
        observations: [MetricObservation],
        inputs: [InputRecord] = [],
        usefulReplicas: [String: Int] = [:],
        scaleUpStep: Int,
        errorBudgetHeldSince: Timestamp? = nil
    ) {
        self.now = now
        self.current = current
        self.ready = ready
        self.metrics = metrics
        self.observations = observations
        self.inputs = inputs
        self.usefulReplicas = usefulReplicas
        self.scaleUpStep = scaleUpStep
        self.errorBudgetHeldSince = errorBudgetHeldSince
    }

    /// Returns the value of a metric, one without a target included.
    package func value(of name: String) -> Double? {
        if let index = metrics.firstIndex(where: { $0.name == name }) { return observations[index].value }
        return inputs.first { $0.name == name }?.observation.value
    }
}

package struct PolicyRecommendation: Sendable {
    package var records: [MetricRecord]
    /// The combined recommendation of the metrics with a value; nil if none has one.
    package var replicas: Int?
    /// The causes that determined `replicas` so far.
    package var causes: [Cause] = []
    /// The reason of the policy to remove no replicas now, if any.
    package var holdsScaleDown: Cause?
    package var errorBudgetHeldSince: Timestamp?
    package var budget: BudgetRecord?
    /// What is known of a cause beyond its name. Without live values: a change of it is news.
    package var details: [Cause: String] = [:]

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
