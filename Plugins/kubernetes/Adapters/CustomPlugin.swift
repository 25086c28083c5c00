import PluginSDK
import SourceSupport
import WireFormats

/// Reads a metric of the custom metrics API: of the target's pods, or of one object.
struct CustomPlugin: KubernetesPlugin {
    struct ObjectReference: MetricConfig {
        @Field(
            "Resource of the object with its API group, such as `ingresses.networking.k8s.io` or `services`; `namespaces` is "
                + "the scaler's namespace.")
        var resource: String

        @Field("Name of the object. Required unless `resource` is `namespaces`.")
        var name: String?

        func validate() -> [ConfigProblem] {
            var problems: [ConfigProblem] = .of("resource", PathPart.fault(of: resource))
            if resource == "namespaces" {
                if name != nil {
                    problems.append(
                        ConfigProblem(path: "name", message: "is the scaler's namespace for namespaces: remove it"))
                }
            } else if let name {
                problems += .of("name", name == "*" ? "must be one name" : PathPart.fault(of: name))
            } else {
                problems.append(ConfigProblem(path: "name", message: "is required unless resource is namespaces"))
            }
            return problems
        }
    }

    struct Config: KubernetesConfig {
        @Field("Name of the metric, as the adapter's documentation names it.")
        var metric: String

        @Field("Label selector of the metric's series, such as `verb=GET`.")
        var metricSelector: String?

        @Field("The object that the metric describes. Default: the pods of the target, whose average is the value.")
        var object: ObjectReference?

        let targetPods = PodFields()
        let server = APIServerFields()

        func validate() -> [ConfigProblem] {
            .of("metric", PathPart.fault(of: metric))
                + .of("metricSelector", LabelSelector.fault(of: metricSelector))
        }
    }

    static let metricType = "kubernetes-custom"
    static let description = "A metric of the custom metrics API: of the target's pods, or of an object."
    static let defaultTargetType = TargetType.value
    static let maxAge: Duration? = ResourcePlugin.maxAge

    private let lists: NamespaceLists
    private let versions = AdapterVersions()

    init(_ lists: NamespaceLists) {
        self.lists = lists
    }

    func targetType(for config: Config) -> TargetType? { config.object == nil ? .value : .averageValue }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        let endpoint = try lists.endpoint(config)
        let version = try await versions.version(at: endpoint, lists, deadline: request.deadline)
        let namespace = Encoding.percentEncoded(try config.scalerNamespace())
        let base = "/apis/custom.metrics.k8s.io/\(version)/namespaces/\(namespace)"
        if let object = config.object { return try await value(of: object, base, request, endpoint) }
        return try await average(base, request, endpoint)
    }

    // MARK: An object

    private func value(
        of object: ObjectReference, _ base: String, _ request: MetricRequest<Config>, _ endpoint: APIEndpoint
    ) async throws -> MetricReading {
        let config = request.config
        let metric = Encoding.percentEncoded(config.metric)
        let place =
            object.name.map { "\(Encoding.percentEncoded(object.resource))/\(Encoding.percentEncoded($0))" }
            ?? "metrics"
        let values = try await lists.metricValues(
            at: "\(base)/\(place)/\(metric)", Self.query(config), Self.subject(config.metric), endpoint,
            deadline: request.deadline)
        guard values.count == 1, let value = values.first else {
            throw PluginError(
                values.isEmpty ? .noData : .configInvalid,
                "the custom metrics API has \(values.count) values of \(config.metric) for \(object.resource): check object, "
                    + "metric and metricSelector", path: "metric")
        }
        return MetricReading(value: value.value, observedAtMicroseconds: value.timestamp)
    }

    // MARK: The pods

    private func average(
        _ base: String, _ request: MetricRequest<Config>, _ endpoint: APIEndpoint
    ) async throws -> MetricReading {
        let config = request.config
        try request.requireValuePerReplica()
        let selection = try PodSelection(config.targetPods.podSelector)
        var query = Self.query(config)
        query.append(("labelSelector", selection.text))
        let values = try await lists.metricValues(
            at: "\(base)/pods/*/\(Encoding.percentEncoded(config.metric))", query, Self.subject(config.metric),
            endpoint,
            deadline: request.deadline)
        let pods = try await lists.pods(in: try config.scalerNamespace(), endpoint, deadline: request.deadline)
        let byName = Dictionary(values.map { ($0.object ?? "", $0) }) { first, _ in first }
        let measured = pods.filter { selection.selector.matches($0.labels) }.map { pod in
            MeasuredPod(
                pod: pod,
                measurement: byName[pod.name].map {
                    MeasuredPod.Measurement(timestamp: $0.timestamp, window: $0.window, value: $0.value)
                })
        }
        return try PodReading(measured, isCPU: false, now: lists.timeMicroseconds).reading(
            measure: .value, target: config.targetPods.targetValue, unit: nil
        ) { _ in 1 }
    }

    private static func query(_ config: Config) -> [(name: String, value: String)] {
        config.metricSelector.map { [("metricLabelSelector", $0)] } ?? []
    }

    private static func subject(_ metric: String) -> APISubject {
        APISubject(
            what: "custom metric \(metric)",
            whenForbidden:
                "Ask the administrator to grant the plugin's account get and list on the API group custom.metrics.k8s.io",
            whenNotFound:
                "Check metric and object: `kubectl get --raw /apis/custom.metrics.k8s.io/v1beta2` lists the metrics",
            whenUnavailable: "The custom metrics API does not answer: check its adapter", path: "metric")
    }
}
