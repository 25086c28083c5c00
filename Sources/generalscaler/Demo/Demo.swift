import ClusterSimulator
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import PluginHost
import ServiceLifecycle
import UnixSignals
import WireFormats
import YAMLFormat

/// The demo put together, in the order in which its parts need each other.
struct Demo: Sendable {
    let plan: DemoPlan
    let directory: String
    let http: any HTTPClient
    let logger: Logger
    /// Told of each accepted scaling.
    let onDecision: @Sendable (_ from: Int, _ to: Int) -> Void

    func run() async throws -> DemoDisplay {
        var quiet = logger
        quiet.logLevel = .critical
        let simulator = ClusterSimulator(configuration: .init(api: SimulatedAPI.configuration()), logger: quiet)
        let prometheus = DemoPrometheus(directory: directory)
        try prometheus.prepare()
        StandardStreams.printLine("Starting a simulated cluster and a prometheus server ...")
        let infrastructure = serviceGroup([simulator, prometheus], endsWithFirst: false)
        return try await withThrowingTaskGroup(of: DemoDisplay?.self) { group in
            group.addTask {
                try await infrastructure.run()
                return nil
            }
            group.addTask { try await scale(simulator, prometheus) }
            var display: DemoDisplay?
            // The infrastructure ends first only by failing, which throws here and takes the rest down.
            while let result = try await group.next() {
                guard let result else { continue }
                display = result
                await infrastructure.triggerGracefulShutdown()
            }
            guard let display else { throw DemoError("the simulated cluster or prometheus ended too early") }
            return display
        }
    }

    private func scale(_ simulator: ClusterSimulator, _ prometheus: DemoPrometheus) async throws -> DemoDisplay {
        let cluster = ClusterConfiguration(server: try await simulator.url, defaultNamespace: DemoPlan.namespace)
        guard let address = await prometheus.address.value() else { throw CancellationError() }
        let client = KubernetesClient(
            configuration: cluster, http: http, clock: ContinuousClock(),
            now: { Int64(Date().timeIntervalSince1970 * 1_000_000) }, random: { .random(in: 0..<1) }, logger: logger
        )
        try await apply(client)
        let fleet = DemoFleet(program: "\(ProgramDirectory.path)/http-app", targetsFile: prometheus.targetsFile)
        let load = DemoLoad(plan: plan, fleet: fleet, http: http)
        let display = DemoDisplay(plan: plan, load: load, fleet: fleet, client: client)
        let runtime = OperatorRuntime(
            OperatorConfiguration(cluster: cluster, listen: nil, identity: "demo"),
            source: try PluginHost(configuration: try plugins(prometheusAddress: address), logger: logger),
            http: http, logger: logger, audit: count
        )
        StandardStreams.printLine(
            "Scaling \(DemoPlan.name) to \(Int(DemoPlan.ratePerReplica)) requests a second and replica:\n")
        let services: [any Service] =
            [fleet, fleet.informer(client, logger: logger)] + runtime.services + [load, display]
        try await serviceGroup(services, endsWithFirst: true).run()
        return display
    }

    private func serviceGroup(_ services: [any Service], endsWithFirst: Bool) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: services.map { service in
                .init(
                    service: service,
                    successTerminationBehavior: endsWithFirst ? .gracefullyShutdownGroup : .ignore
                )
            },
            gracefulShutdownSignals: endsWithFirst ? [.sigint, .sigterm] : [],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = .seconds(5)
        return ServiceGroup(configuration: configuration)
    }

    private func apply(_ client: KubernetesClient) async throws {
        let definition = try YAMLDocument.parse(String(decoding: PackageResources.crd_yaml, as: UTF8.self))
        _ = try await client.create(.customResourceDefinition, in: "", definition)
        let namespace: JSON = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(DemoPlan.namespace)],
        ]
        _ = try await client.create(.namespace, in: "", namespace)
        let deployments = ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
        _ = try await client.create(deployments, in: DemoPlan.namespace, DemoPlan.deployment)
        _ = try await client.create(.demoScaler, in: DemoPlan.namespace, DemoPlan.scaler)
    }

    /// The operator's own configuration of its plugins, as a chart would mount it.
    private func plugins(prometheusAddress: String) throws -> PluginHostConfiguration {
        let manifest = "\(directory)/plugins.yaml"
        try Data("plugins: {prometheus: {defaults: {address: '\(prometheusAddress)'}}}\n".utf8)
            .write(to: URL(filePath: manifest))
        return PluginHostConfiguration(
            directories: [ProgramDirectory.path], manifest: manifest, hostVersion: OperatorRuntime.version,
            environment: ProcessInfo.processInfo.environment
        )
    }

    /// Counts the scalings in the audit log.
    private func count(_ line: [UInt8]) {
        guard let decision = (try? JSON(parsing: line))?["decision"], let from = decision["current"]?.intValue,
            let to = decision["desired"]?.intValue, from != to
        else { return }
        onDecision(from, to)
    }
}

extension ResourceKind {
    static let customResourceDefinition = ResourceKind(
        group: "apiextensions.k8s.io", version: "v1", kind: "CustomResourceDefinition",
        plural: "customresourcedefinitions", isNamespaced: false
    )
    static let namespace = ResourceKind(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false
    )
}
