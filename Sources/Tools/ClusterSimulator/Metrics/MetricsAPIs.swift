package import WireFormats

/// The usage of a pod as metrics-server reports it.
package struct PodUsage: Sendable, Hashable {
    /// By container and resource, such as `["app": ["cpu": "250m", "memory": "64Mi"]]`.
    package var containers: [String: [String: String]]
    /// How long ago the window ended.
    package var age: Duration
    /// As Go writes durations.
    package var window: String

    package init(_ containers: [String: [String: String]], age: Duration = .seconds(7), window: String = "15.021s") {
        self.containers = containers
        self.age = age
        self.window = window
    }
}

/// A series of the external metrics API.
package struct ExternalSeries: Sendable, Hashable {
    package var labels: [String: String]
    /// A quantity.
    package var value: String

    package init(labels: [String: String] = [:], value: String) {
        self.labels = labels
        self.value = value
    }
}

/// The APIs of metrics, which real clusters get from extension servers: metrics-server and metrics adapters. Without them
/// their groups do not exist.
struct MetricsAPIs: Sendable {
    struct CustomKey: Hashable, Sendable {
        /// With the group, such as `ingresses.networking.k8s.io`.
        let resource: String
        let key: ObjectKey
        let metric: String
    }

    struct ExternalKey: Hashable, Sendable {
        let namespace: String
        let metric: String
    }

    static let resourceGroup = "metrics.k8s.io"
    static let customGroup = "custom.metrics.k8s.io"
    static let externalGroup = "external.metrics.k8s.io"

    /// Returns the usage of a namespace's running pods by name; nil as a whole if there is no metrics-server.
    var usage: (@Sendable ([JSON]) -> [String: PodUsage])?
    /// Whether the usage follows annotations of the workloads, unless ``usage`` gives it.
    var followsAnnotations = false
    /// The values of the custom metrics API by key; nil if there is no adapter.
    var custom: [CustomKey: String]?
    /// The versions that the custom metrics adapter serves.
    var customVersions = ["v1beta2", "v1beta1"]
    /// The series of the external metrics API; nil if there is no adapter.
    var external: [ExternalKey: [ExternalSeries]]?

    /// The versions of each group that is served.
    var versions: [String: [String]] {
        var versions: [String: [String]] = [:]
        if usage != nil || followsAnnotations { versions[Self.resourceGroup] = ["v1beta1"] }
        if custom != nil { versions[Self.customGroup] = customVersions }
        if external != nil { versions[Self.externalGroup] = ["v1beta1"] }
        return versions
    }

    func serves(_ info: RequestInfo) -> Bool { versions[info.group]?.contains(info.version) ?? false }
}

extension APIServer {
    /// Serves the resource metrics API, as with metrics-server.
    ///
    /// - Parameter usage: returns the usage of a namespace's running pods by name, except of pods that have none yet. Called
    ///   for each request; it must not call this server.
    package func serveResourceMetrics(_ usage: @escaping @Sendable ([JSON]) -> [String: PodUsage]) {
        withState { $0.metrics.usage = usage }
    }

    /// Serves the resource metrics API with usage that annotations of Deployments and stateful sets set: see
    /// ``AnnotatedUsage``.
    package func serveAnnotatedMetrics() {
        withState { $0.metrics.followsAnnotations = true }
    }

    /// Serves the custom metrics API, as with prometheus-adapter.
    package func serveCustomMetrics(versions: [String] = ["v1beta2", "v1beta1"]) {
        withState { state in
            state.metrics.custom = state.metrics.custom ?? [:]
            state.metrics.customVersions = versions
        }
    }

    /// Serves the external metrics API, as with KEDA's adapter.
    package func serveExternalMetrics() {
        withState { $0.metrics.external = $0.metrics.external ?? [:] }
    }

    /// - Parameters:
    ///   - resource: with the group, such as `pods` or `ingresses.networking.k8s.io`.
    ///   - value: a quantity; nil removes the value.
    package func setCustomMetric(
        _ metric: String, of resource: String, _ name: String, in namespace: String, to value: String?
    ) {
        let key = MetricsAPIs.CustomKey(
            resource: resource, key: ObjectKey(namespace: namespace, name: name), metric: metric)
        withState { $0.metrics.custom?[key] = value }
    }

    package func setExternalMetric(_ metric: String, in namespace: String, to series: [ExternalSeries]) {
        withState { $0.metrics.external?[.init(namespace: namespace, metric: metric)] = series }
    }
}
