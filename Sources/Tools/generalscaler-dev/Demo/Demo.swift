import ClusterSimulator
import CommandSupport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import PluginHost
import ScalerAPI
import Scaling
import ServiceLifecycle
import SystemIO
import UnixSignals
import WireFormats
import YAMLFormat

/// The complete demo, in the order of its dependencies.
struct Demo: Sendable {
    let clock: DemoClock
    let directory: String
    let http: any HTTPClient
    let logger: Logger
    /// Called for each accepted scaling event.
    let onDecision: @Sendable (_ scaler: String, _ from: Int, _ to: Int) -> Void

    func run() async throws -> (display: DemoDisplay, apps: [DemoApp]) {
        var quiet = logger
        quiet.logLevel = .critical
        let simulator = ClusterSimulator(configuration: .init(api: SimulatedAPI.configuration()), logger: quiet)
        let google = DemoGoogle(messages: DemoMessages(clock: clock), logger: quiet)
        let servers = try DemoServers(directory: directory, google: google)
        StandardStreams.printLine("Starting a simulated cluster, and the servers that the metrics come from ...")
        for gap in servers.gaps { StandardStreams.printLine(gap) }
        let infrastructure = serviceGroup([simulator] + servers.services, endsWithFirst: false)
        return try await withThrowingTaskGroup(of: (DemoDisplay, [DemoApp])?.self) { group in
            group.addTask {
                try await infrastructure.run()
                return nil
            }
            group.addTask { try await scale(simulator, servers) }
            var outcome: (DemoDisplay, [DemoApp])?
            // The infrastructure ends early only with an error, which is thrown here and stops the rest.
            while let result = try await group.next() {
                guard let result else { continue }
                outcome = result
                await infrastructure.triggerGracefulShutdown()
            }
            guard let outcome else { throw DemoError("the simulated cluster or a server ended too early") }
            return outcome
        }
    }

    private func scale(
        _ simulator: ClusterSimulator, _ servers: DemoServers
    ) async throws -> (DemoDisplay, [DemoApp]) {
        let cluster = ClusterConfiguration(server: try await simulator.url, defaultNamespace: DemoPlan.namespace)
        var defaults: [String: JSON] = [:]
        var scenarios: [DemoScenario] = []
        if let prometheus = servers.prometheus {
            defaults["prometheus"] = ["address": .string(try await prometheus.address.value)]
            scenarios.append(.httpApp(clock, http, prometheus))
        }
        if let redis = servers.redis {
            _ = try await redis.isReady.value
            defaults["redis"] = ["address": "127.0.0.1:\(redis.port)"]
            scenarios.append(.worker(clock, redis))
        }
        let google = "http://127.0.0.1:\(try await servers.google.port.value)"
        defaults["pubsub"] = ["endpoint": .string(google), "tokenEndpoint": "\(google)/token"]
        scenarios.append(.eventQueue(servers.google, host: String(google.dropFirst("http://".count))))

        let client = KubernetesClient(
            configuration: cluster, http: http, clock: ContinuousClock(),
            now: { OperatorTime.system.now().microsecondsSince1970 }, random: { .random(in: 0..<1) }, logger: logger
        )
        try await apply(scenarios.map(\.app), client)
        let display = DemoDisplay(clock: clock, scenarios: scenarios, client: client)
        let runtime = OperatorRuntime(
            OperatorConfiguration(cluster: cluster, listen: nil, identity: "demo"),
            source: try PluginHost(configuration: try plugins(defaults), logger: logger),
            http: http, logger: logger, audit: count
        )
        let names = scenarios.map(\.app.name).joined(separator: ", ")
        StandardStreams.printLine("Scaling \(names), each on what its own server says:\n")
        let services: [any Service] =
            scenarios.flatMap { [$0.fleet, $0.fleet.informer(client, logger: logger)] as [any Service] }
            + runtime.services + scenarios.map(\.load) + [display]
        try await serviceGroup(services, endsWithFirst: true).run()
        return (display, scenarios.map(\.app))
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

    private func apply(_ apps: [DemoApp], _ client: KubernetesClient) async throws {
        let definition = try YAMLDocument.parse(String(decoding: PackageResources.crd_yaml, as: UTF8.self))
        _ = try await client.create(.customResourceDefinition, in: "", definition)
        let namespace: JSON = [
            "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(DemoPlan.namespace)],
        ]
        _ = try await client.create(.namespace, in: "", namespace)
        _ = try await client.create(.secret, in: DemoPlan.namespace, try DemoScenario.keySecret())
        let deployments = ResourceKind(group: "apps", version: "v1", kind: "Deployment", plural: "deployments")
        for app in apps {
            _ = try await client.create(deployments, in: DemoPlan.namespace, app.deployment)
            _ = try await client.create(.demoScaler, in: DemoPlan.namespace, app.scaler)
        }
    }

    /// Returns the operator's configuration of its plugins, as mounted by a chart. JSON is valid YAML.
    private func plugins(_ defaults: [String: JSON]) throws -> PluginHostConfiguration {
        let manifest = "\(directory)/plugins.yaml"
        let plugins: JSON = ["plugins": .object(defaults.mapValues { ["defaults": $0] })]
        try Data(plugins.encoded()).write(to: URL(filePath: manifest))
        return PluginHostConfiguration(
            directories: [ProgramDirectory.path], manifest: manifest, hostVersion: OperatorRuntime.version,
            environment: ProcessInfo.processInfo.environment
        )
    }

    /// Counts scaling events in the audit log.
    private func count(_ line: [UInt8]) {
        guard let entry = try? JSON(parsing: line), let name = entry["name"]?.stringValue,
            let from = entry["decision"]?["current"]?.intValue, let to = entry["decision"]?["desired"]?.intValue,
            from != to
        else { return }
        onDecision(name, from, to)
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
    static let secret = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")
}
