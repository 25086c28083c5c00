/// The behavior of the simulated target.
package struct Workload: Sendable, Hashable {
    /// How long a new replica takes until it is ready.
    package var startupDelay: Duration
    /// Load that one ready replica can take, by metric, in the metric's unit. More is time out of SLO. For a metric
    /// without an entry it is the target, with the tolerance of the policy on top.
    package var capacities: [String: Double]
    /// Metrics whose value does not depend on the replicas, such as a ratio of errors: replayed as they are.
    package var replayed: Set<String>
    /// Replicas while the trace was recorded, if the trace itself does not say.
    package var recordedReplicas: Int?
    /// Replicas at the start; nil for those of the trace's first sample, or the least that the spec allows.
    package var initialReplicas: Int?
    /// Price of one replica for one hour; nil for that of the cost policy, if the spec has one.
    package var pricePerReplicaHour: Double?

    package static let defaultStartupDelay: Duration = .seconds(30)

    package init(
        startupDelay: Duration = Workload.defaultStartupDelay,
        capacities: [String: Double] = [:],
        replayed: Set<String> = [],
        recordedReplicas: Int? = nil,
        initialReplicas: Int? = nil,
        pricePerReplicaHour: Double? = nil
    ) {
        self.startupDelay = startupDelay
        self.capacities = capacities
        self.replayed = replayed
        self.recordedReplicas = recordedReplicas
        self.initialReplicas = initialReplicas
        self.pricePerReplicaHour = pricePerReplicaHour
    }
}
