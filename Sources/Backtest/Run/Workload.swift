/// The behavior of the simulated target.
package struct Workload: Sendable, Hashable {
    /// How long a new replica takes until it is ready.
    package var startupDelay: Duration
    /// The load that one ready replica can take, by metric, in the metric's unit. A higher load counts as time out of
    /// SLO. The default is the metric's target plus the policy's tolerance.
    package var capacities: [String: Double]
    /// Metrics whose value does not depend on the replicas, such as a ratio of errors: replayed as they are.
    package var replayed: Set<String>
    /// The replicas while the trace was recorded, for a trace without that column.
    package var recordedReplicas: Int?
    /// The replicas at the start. The default is the first sample's, or the minimum of the spec.
    package var initialReplicas: Int?
    /// The price of one replica for one hour. The default is the price in the spec's cost policy, if there is one.
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
