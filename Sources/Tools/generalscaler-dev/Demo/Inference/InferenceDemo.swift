import ClusterSimulator
import CommandSupport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import PluginHost
import ServiceLifecycle
import SystemIO
import WireFormats
import YAMLFormat

/// The example examples/llm-inference on simulated replicas: three models under one budget of GPUs.
struct InferenceDemo: Sendable {
    let clock: DemoClock
    let trace: InferenceTrace
    let directory: String
    let http: any HTTPClient
    let logger: Logger
    /// Called for each accepted scaling event.
    let onDecision: @Sendable (_ scaler: String, _ from: Int, _ to: Int) -> Void

    /// How long a replica takes to load its model: seconds in place of minutes.
    private static let startupDelay: Duration = .seconds(6)

    struct Outcome: Sendable {
        let display: DemoDisplay
        let scalers: [String]
        let peakGPUs: Int

        var summary: String { "At most \(peakGPUs) of \(InferenceVariant.gpuLimit) GPUs were in use." }
        var isWithinLimit: Bool { peakGPUs <= InferenceVariant.gpuLimit }
    }

    func run() async throws -> Outcome {
        var quiet = logger
        quiet.logLevel = .critical
        var api = SimulatedAPI.configuration()
        api.workloadStartupDelay = Self.startupDelay
        let simulator = ClusterSimulator(configuration: .init(api: api), logger: quiet)
        let prometheus = DemoPrometheus(directory: directory)
        try prometheus.prepare()
        StandardStreams.printLine("Starting a simulated cluster, simulated replicas of vLLM, and Prometheus ...")
        return try await LocalServices.with([simulator, prometheus], logger: logger) {
            try await scale(simulator, prometheus)
        }
    }

    private func scale(_ simulator: ClusterSimulator, _ prometheus: DemoPrometheus) async throws -> Outcome {
        let cluster = ClusterConfiguration(
            server: try await simulator.url, defaultNamespace: InferenceFleet.namespace)
        let defaults: [String: JSON] = ["prometheus": ["address": .string(try await prometheus.address.value)]]
        let client = SimulatedAPI.client(cluster, http: http, logger: logger)
        try await SimulatedAPI.prepare(client)
        try await deploy(client)
        let fleet = InferenceFleet(
            clock: clock, trace: trace, targetsFile: prometheus.targetsFile, logger: logger)
        let display = DemoDisplay(
            clock: clock, columns: InferenceVariant.all.map(fleet.column), client: client,
            command: "generalscaler-dev demo --inference")
        let console = DemoConsole(http: http, logger: logger)
        let runtime = OperatorRuntime(
            OperatorConfiguration(cluster: cluster, listen: nil, identity: "demo", api: console.api),
            source: try PluginHost(
                configuration: try DemoPlugins.configuration(defaults, directory: directory), logger: logger),
            http: http, logger: logger, audit: { DemoScaleCounts.note($0, onDecision) },
            onAPIBound: { console.apiPort.fulfill(.success($0)) })
        StandardStreams.printLine("Scaling three models under a budget of \(InferenceVariant.gpuLimit) GPUs:\n")
        let services: [any Service] = [fleet, fleet.informer(client)] + runtime.services + [console, display]
        try await LocalServices.group(services, endsWithFirst: true, logger: logger).run()
        return Outcome(display: display, scalers: InferenceVariant.all.map(\.name), peakGPUs: fleet.peakGPUs)
    }

    /// Creates the objects of the example, with times of seconds in place of minutes.
    private func deploy(_ client: KubernetesClient) async throws {
        let budgets = try YAMLDocument.parse(String(decoding: PackageResources.budget_crd_yaml, as: UTF8.self))
        _ = try await client.create(.customResourceDefinition, in: "", budgets)
        let file = try YAMLFile(parsing: String(decoding: PackageResources.llm_inference_yaml, as: UTF8.self))
        for object in file.documents.map(\.json) {
            switch object["kind"]?.stringValue {
            case "Namespace": _ = try await client.create(.namespace, in: "", object)
            case "ScalingBudget": _ = try await client.create(.demoBudget, in: "", object)
            case "Deployment": _ = try await client.create(.demoDeployment, in: InferenceFleet.namespace, object)
            default: _ = try await client.create(.demoScaler, in: InferenceFleet.namespace, Self.quick(object))
            }
        }
    }

    private static func quick(_ scaler: JSON) -> JSON {
        var (object, spec) = (scaler.objectValue ?? [:], scaler["spec"]?.objectValue ?? [:])
        spec["pollingIntervalSeconds"] = 1
        spec["safety"] = .object(
            (spec["safety"]?.objectValue ?? [:]).merging([
                "scaleUpCooldownSeconds": 2, "scaleDownCooldownSeconds": 3, "scaleDownStabilizationSeconds": 4,
                "maxScaleDownRate": 2,
            ]) { $1 })
        object["spec"] = .object(spec)
        return .object(object)
    }
}

extension ResourceKind {
    fileprivate static let demoBudget = ResourceKind(
        group: "autoscaling.example.com", version: "v1", kind: "ScalingBudget", plural: "scalingbudgets",
        isNamespaced: false)
}
