import ClusterSimulator
import CommandSupport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import PluginHost
import PluginProtocol
import Scaling
import ServiceLifecycle
import WireFormats

/// A trial of a plugin: a simulated cluster, the operator with the plugin, and an app that is scaled on its readings.
struct Trial: Sendable {
    static let appName = "app"
    static let defaultTarget = 10.0

    let plugin: TriedPlugin
    /// Nil for the plugin's only one.
    let type: String?
    let config: JSON
    /// Nil for ``defaultTarget``.
    let targetValue: Double?
    let maxReplicas: Int

    fileprivate var targetText: String {
        targetValue.map(\.shortText) ?? "\(Self.defaultTarget.shortText) (the default: --target-value sets another)"
    }

    /// Runs until SIGINT or SIGTERM.
    ///
    /// - Parameter directory: takes temporary files.
    /// - Throws: ``TrialError`` if the plugin does not start or refuses the config.
    func run(in directory: String, http: any HTTPClient, logger: Logger) async throws {
        var quiet = logger
        quiet.logLevel = .critical
        StandardStreams.printLine("Starting a simulated cluster and \(plugin.path) ...")
        let manifest = "\(directory)/plugins.yaml"
        try FileText.write(plugin.manifest.encoded(), to: manifest)
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [], manifest: manifest, hostVersion: OperatorRuntime.version,
                environment: ProcessInfo.processInfo.environment),
            logger: logger)
        let simulator = ClusterSimulator(configuration: .init(api: SimulatedAPI.configuration()), logger: quiet)
        // Of the plugin, what happens to it is of interest, such as a new version that is refused.
        let services = logger.logLevel > .debug ? quiet : logger
        try await LocalServices.with([simulator], logger: services) {
            try await scale(simulator, host, http, services)
        }
    }

    private func scale(
        _ simulator: ClusterSimulator, _ host: PluginHost, _ http: any HTTPClient, _ logger: Logger
    ) async throws {
        let cluster = ClusterConfiguration(server: try await simulator.url, defaultNamespace: DemoPlan.namespace)
        let client = SimulatedAPI.client(cluster, http: http, logger: logger)
        try await SimulatedAPI.prepare(client)
        let display = TrialDisplay(target: targetValue ?? Self.defaultTarget)
        let runtime = OperatorRuntime(
            OperatorConfiguration(cluster: cluster, listen: nil, identity: "try"),
            source: ObservedSource(host) { display.take(.reading($0)) },
            http: http, logger: logger, audit: { _ in })
        let start = TrialStart(trial: self, host: host, client: client)
        let services: [any Service] = display.informers(client, logger: logger) + runtime.services + [display, start]
        try await LocalServices.group(services, endsWithFirst: true, logger: logger).run()
    }
}

/// Creates the objects of a trial once the plugin has started and accepted the config.
private struct TrialStart: Service {
    let trial: Trial
    let host: PluginHost
    let client: KubernetesClient

    func run() async throws {
        let created: Void? = try await cancelWhenGracefulShutdown {
            await host.untilStarted()
            guard !Task.isCancelled else { return nil }
            try await create()
        }
        // A service that returns ends the others.
        if created != nil { try? await gracefulShutdown() }
    }

    private func create() async throws {
        let type = try await metricType()
        switch await host.validate(type: type, config: PluginConfig(trial.config)) {
        case .valid: break
        case .invalid(let problems):
            let texts = problems.map { $0.path.isEmpty ? $0.message : "\($0.path): \($0.message)" }
            throw TrialError("the plugin refuses the config: \(texts.joined(separator: "; ")). Correct --config")
        case .unavailable(let failure): throw TrialError("the plugin cannot check the config: \(failure)")
        }
        let metric: JSON = [
            "type": .string(type), "config": trial.config,
            "targetValue": .number(trial.targetValue ?? Trial.defaultTarget),
        ]
        let app = DemoApp(name: Trial.appName, minReplicas: 1, maxReplicas: trial.maxReplicas, metric: metric)
        StandardStreams.printLine(
            "Scaling 1 to \(trial.maxReplicas.counted("replica")) on \(type), target \(trial.targetText). Ctrl-C ends it.\n"
        )
        try await SimulatedAPI.deploy(app, client)
    }

    private func metricType() async throws -> String {
        let types = host.metricTypes().keys.sorted()
        if types.isEmpty {
            let failure = await host.health().compactMap(\.lastFailure).first
            throw TrialError(failure ?? "the plugin has not started; --verbose shows its log")
        }
        if let type = trial.type {
            guard types.contains(type) else {
                throw TrialError("the plugin has no metric type \(type); it has \(types.joined(separator: ", "))")
            }
            return type
        }
        guard types.count == 1 else {
            throw TrialError("the plugin has several metric types: choose --type \(types.joined(separator: " or "))")
        }
        return types[0]
    }
}

/// The reason why a trial cannot go on, and what to do.
struct TrialError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
