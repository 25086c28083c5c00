/// All inputs of one decision.
package struct DecisionInput: Sendable {
    package var spec: ScalingSpec
    package var now: Timestamp
    /// The replicas that the target is set to: 0 to `Int32.max`, as in Kubernetes.
    package var current: Int
    /// The ready replicas of the target: 0 to `Int32.max`; nil if the target does not report them.
    package var ready: Int?
    /// The observations, one per metric of the spec in the same order; missing ones at the end are no data. That of a
    /// formula is ignored and computed.
    package var observations: [MetricObservation]
    /// One per input of the spec, in the same order.
    package var inputs: [MetricObservation]
    /// Results to take for formulas, by metric, in place of what they compute: a simulation's replicas are not those
    /// that its readings were taken with.
    package var results: [String: Formula.Result] = [:]
    /// The most replicas that a metric's source has work for, by metric: at least 1. Caps that metric's recommendation.
    package var usefulReplicas: [String: Int] = [:]
    /// Whether a metric's source says that it has work, by metric, in place of the comparison with its activation.
    package var activity: [String: Bool] = [:]
    /// What is forecast, by metric. A metric without a reading has no forecast.
    package var forecasts: [String: LoadForecast] = [:]
    /// The cap of the shared budgets; nil if the scaler is under none.
    package var sharedBudget: SharedBudgetCap?
    package var history: ScalingHistory
    /// Reasons from outside the engine not to change the target, such as ``Cause/duplicateTarget``.
    package var holds: [Cause]
    /// Details of the holds, for the decision's sentence.
    package var details: [Cause: String]
    /// Whether a pushed reading started the poll. Affects only the record.
    package var isPushed: Bool

    package init(
        spec: ScalingSpec,
        now: Timestamp,
        current: Int,
        ready: Int?,
        observations: [MetricObservation],
        inputs: [MetricObservation] = [],
        history: ScalingHistory = ScalingHistory(),
        holds: [Cause] = [],
        details: [Cause: String] = [:],
        isPushed: Bool = false
    ) {
        self.spec = spec
        self.now = now
        self.current = current
        self.ready = ready
        self.observations = observations
        self.inputs = inputs
        self.history = history
        self.holds = holds
        self.details = details
        self.isPushed = isPushed
    }

    /// - Parameter readings: by metric; a metric of the spec without one has no data.
    package init(
        spec: ScalingSpec,
        now: Timestamp,
        current: Int,
        ready: Int?,
        readings: [String: MetricObservation],
        usefulReplicas: [String: Int] = [:],
        history: ScalingHistory = ScalingHistory(),
        holds: [Cause] = [],
        details: [Cause: String] = [:],
        isPushed: Bool = false
    ) {
        func reading(_ name: String) -> MetricObservation { readings[name] ?? .noData("it was not polled") }
        self.init(
            spec: spec, now: now, current: current, ready: ready,
            observations: spec.metrics.map { reading($0.name) }, inputs: spec.inputs.map { reading($0.name) },
            history: history, holds: holds, details: details, isPushed: isPushed)
        self.usefulReplicas = usefulReplicas
    }
}
