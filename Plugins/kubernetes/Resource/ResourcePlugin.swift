import PluginSDK
import SourceSupport

/// Reads the CPU time or memory of the target's pods.
struct ResourcePlugin: KubernetesPlugin {
    enum Measure: String, CaseIterable, ConfigValue {
        case utilization = "Utilization"
        case averageValue = "AverageValue"
    }

    struct Config: KubernetesConfig {
        @Field("`cpu` or `memory`.")
        var resource: PodResource

        @Field(
            "`Utilization`: usage as a percentage of the pods' requests. `AverageValue`: usage per pod, in cores or bytes."
        )
        var measure = Measure.utilization

        @Field("Only this container of each pod. Default: all containers.")
        var container: String?

        let targetPods = PodFields()
        let server = APIServerFields()
    }

    static let metricType = "kubernetes-resource"
    static let description = "CPU time or memory of the target's pods, by the rules of the HorizontalPodAutoscaler."
    static let defaultTargetType = TargetType.value
    /// The metrics API has values of up to two of its resolutions ago, each up to a minute.
    static let maxAge: Duration? = .seconds(180)

    private let lists: NamespaceLists

    init(_ lists: NamespaceLists) {
        self.lists = lists
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        try request.requireValuePerReplica()
        let endpoint = try lists.endpoint(config)
        let selector = try PodSelection(config.targetPods.podSelector).selector
        let namespace = try config.scalerNamespace()
        let metrics = try await lists.podMetrics(in: namespace, endpoint, deadline: request.deadline)
        let pods = try await lists.pods(in: namespace, endpoint, deadline: request.deadline)
        let measured = pods.filter { selector.matches($0.labels) }.map { pod in
            MeasuredPod(pod: pod, measurement: metrics[pod.name]?.measurement(config))
        }
        let isUtilization = config.measure == .utilization
        return try PodReading(measured, isCPU: config.resource == .cpu, now: lists.timeMicroseconds).reading(
            measure: isUtilization ? .percentOfRequests : .value, target: config.targetPods.targetValue,
            unit: isUtilization ? "%" : config.resource.unit
        ) { pod throws(PluginError) in
            isUtilization ? try pod.request(of: config.resource, container: config.container) : 1
        }
    }
}

extension PodMetrics {
    fileprivate func measurement(_ config: ResourcePlugin.Config) -> MeasuredPod.Measurement? {
        usage(of: config.resource, container: config.container).map {
            MeasuredPod.Measurement(timestamp: timestamp, window: window, value: $0)
        }
    }
}

extension Pod {
    /// Returns what the pod, or one container of it, requests.
    ///
    /// Source: Kubernetes pkg/controller/podautoscaler/replica_calculator.go, `calculateRequests`, of 1.34.
    ///
    /// - Throws: `config_invalid` if a container states no request, so that its usage has no percentage.
    func request(of resource: PodResource, container name: String?) throws(PluginError) -> Double {
        if let name {
            guard let container = containers.first(where: { $0.name == name }) else {
                throw PluginError(
                    .configInvalid,
                    "Pod \(self.name) has no container \(Quoting.shortened(name)): correct container",
                    path: "container")
            }
            return try request(of: resource, in: container)
        }
        if let own = ownRequests {
            let stated = containers.compactMap { $0.requests[resource] }
            guard let request = own[resource] ?? (stated.isEmpty ? nil : stated.reduce(0, +)) else {
                throw missingRequest(resource, "Pod \(self.name)")
            }
            return request + (overhead[resource] ?? 0)
        }
        var sum = 0.0
        for container in containers { sum += try request(of: resource, in: container) }
        return sum
    }

    private func request(of resource: PodResource, in container: Container) throws(PluginError) -> Double {
        guard let request = container.requests[resource] else {
            throw missingRequest(resource, "container \(container.name) of Pod \(name)")
        }
        return request
    }

    private func missingRequest(_ resource: PodResource, _ what: String) -> PluginError {
        PluginError(
            .configInvalid,
            "\(what) has no \(resource.rawValue) request, so that its usage has no percentage: set "
                + "resources.requests.\(resource.rawValue), or container to one that has it, or measure: AverageValue",
            path: "measure")
    }
}
