package import KubernetesClient

/// The configuration of `generalscaler run`.
package struct OperatorConfiguration: Sendable {
    package var cluster: ClusterConfiguration
    /// Namespaces to watch; empty for all.
    package var namespaces: [String]
    /// The ConfigMap that can pause every scaler; nil for none.
    package var pauseConfigMap: ObjectKey?
    /// Whether Secrets without the label `autoscaling.example.com/readable: "true"` may be used.
    package var allowsUnlabelledSecrets: Bool
    /// The address of the server for metrics and health; nil to disable it.
    package var listen: ListenAddress?
    /// The identity of this process in events, the audit log and the lease; unique among all processes.
    package var identity: String
    /// The settings of leader election; nil for a single replica.
    package var election: LeaderElection?
    /// The settings of the admission webhook; nil to disable it.
    package var admission: AdmissionConfiguration?
    /// The settings of the API; nil to disable it, and the memory that it serves.
    package var api: APIConfiguration?

    package init(
        cluster: ClusterConfiguration,
        namespaces: [String] = [],
        pauseConfigMap: ObjectKey? = nil,
        allowsUnlabelledSecrets: Bool = false,
        listen: ListenAddress?,
        identity: String,
        election: LeaderElection? = nil,
        admission: AdmissionConfiguration? = nil,
        api: APIConfiguration? = nil
    ) {
        self.cluster = cluster
        self.namespaces = namespaces
        self.pauseConfigMap = pauseConfigMap
        self.allowsUnlabelledSecrets = allowsUnlabelledSecrets
        self.listen = listen
        self.identity = identity
        self.election = election
        self.admission = admission
        self.api = api
    }

    /// The namespaces whose objects are read.
    var scope: WatchScope { namespaces.isEmpty ? .allNamespaces : .namespaces(namespaces) }
}
