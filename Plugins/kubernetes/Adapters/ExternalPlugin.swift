import PluginSDK
import SourceSupport

/// Reads a metric of the external metrics API.
struct ExternalPlugin: KubernetesPlugin {
    struct Config: KubernetesConfig {
        @Field(
            "Name of the metric, as `kubectl get --raw /apis/external.metrics.k8s.io/v1beta1` and the adapter's documentation "
                + "name it.")
        var metric: String

        @Field("Label selector of the metric's series, such as `queue=orders`. Default: all; their sum counts.")
        var selector: String?

        let server = APIServerFields()

        func validate() -> [ConfigProblem] {
            .of("metric", PathPart.fault(of: metric)) + .of("selector", LabelSelector.fault(of: selector))
        }
    }

    static let metricType = "kubernetes-external"
    static let description = "A metric of the external metrics API, from any adapter of the cluster."
    static let defaultTargetType = TargetType.averageValue
    static let maxAge: Duration? = ResourcePlugin.maxAge

    private let lists: NamespaceLists

    init(_ lists: NamespaceLists) {
        self.lists = lists
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        let namespace = Encoding.percentEncoded(try config.scalerNamespace())
        let metric = Encoding.percentEncoded(config.metric)
        let values = try await lists.metricValues(
            at: "/apis/external.metrics.k8s.io/v1beta1/namespaces/\(namespace)/\(metric)",
            config.selector.map { [("labelSelector", $0)] } ?? [], Self.subject(config.metric),
            try lists.endpoint(config), deadline: request.deadline)
        guard let oldest = values.map(\.timestamp).min() else {
            throw PluginError(
                .noData, "the external metrics API has no value of \(config.metric): check metric and selector")
        }
        let sum = values.reduce(0) { $0 + $1.value }
        guard sum.isFinite else { throw PluginError.malformed(config.metric, "the sum exceeds the largest number") }
        return MetricReading(
            value: sum, observedAtMicroseconds: oldest,
            detail: values.count > 1 ? "the sum of \(values.count) values" : nil)
    }

    private static func subject(_ metric: String) -> APISubject {
        APISubject(
            what: "external metric \(metric)",
            whenForbidden:
                "Ask the administrator to grant the plugin's account get and list on the API group external.metrics.k8s.io",
            whenNotFound:
                "Check metric: `kubectl get --raw /apis/external.metrics.k8s.io/v1beta1` has to answer, which takes an "
                + "adapter such as KEDA's or prometheus-adapter",
            whenUnavailable: "The external metrics API does not answer: check its adapter", path: "metric")
    }
}
