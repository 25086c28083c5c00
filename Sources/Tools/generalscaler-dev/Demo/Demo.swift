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

    func run() async throws -> (display: DemoDisplay, scalers: [String]) {
        var quiet = logger
        quiet.logLevel = .critical
        let simulator = ClusterSimulator(configuration: .init(api: SimulatedAPI.configuration()), logger: quiet)
        let google = DemoGoogle(messages: DemoMessages(clock: clock), logger: quiet)
        let servers = try DemoServers(directory: directory, google: google)
        StandardStreams.printLine("Starting a simulated cluster, and the servers that the metrics come from ...")
        for gap in servers.gaps { StandardStreams.printLine(gap) }
        return try await LocalServices.with([simulator] + servers.services, logger: logger) {
            try await scale(simulator, servers)
        }
    }

    private func scale(
        _ simulator: ClusterSimulator, _ servers: DemoServers
    ) async throws -> (DemoDisplay, [String]) {
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

        let client = SimulatedAPI.client(cluster, http: http, logger: logger)
        try await SimulatedAPI.prepare(client)
        _ = try await client.create(.secret, in: DemoPlan.namespace, try DemoScenario.keySecret())
        for scenario in scenarios { try await SimulatedAPI.deploy(scenario.app, client) }
        let display = DemoDisplay(
            clock: clock, columns: scenarios.map(\.column), client: client, command: "generalscaler-dev demo")
        let console = DemoConsole(http: http, logger: logger)
        let runtime = OperatorRuntime(
            OperatorConfiguration(cluster: cluster, listen: nil, identity: "demo", api: console.api),
            source: try PluginHost(
                configuration: try DemoPlugins.configuration(defaults, directory: directory), logger: logger),
            http: http, logger: logger, audit: { DemoScaleCounts.note($0, onDecision) },
            onAPIBound: { console.apiPort.fulfill(.success($0)) }
        )
        let names = scenarios.map(\.app.name).joined(separator: ", ")
        StandardStreams.printLine("Scaling \(names), each on a metric of its server:\n")
        let services: [any Service] =
            scenarios.flatMap { [$0.fleet, $0.fleet.informer(client, logger: logger)] as [any Service] }
            + runtime.services + scenarios.map(\.load) + [console, display]
        try await LocalServices.group(services, endsWithFirst: true, logger: logger).run()
        return (display, scenarios.map(\.app.scalerName))
    }
}
