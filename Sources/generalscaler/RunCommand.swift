import ArgumentParser
import CommandSupport
import FoundationEssentials
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import PluginHost
import ScalerAPI
import ServiceLifecycle
import TimeZones
import UnixSignals

/// Runs the operator against a cluster until it is stopped.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the operator against a cluster.",
        discussion: """
            In a pod it uses the pod's service account, elsewhere a kubeconfig. Logs go to stderr, the audit log (one \
            JSON line per decision) to stdout. On SIGTERM, it finishes writes in flight, stops the plugins and exits.
            """
    )

    @OptionGroup var clusterOptions: ClusterOptions

    @Option(name: .customLong("namespace"), help: "Namespace to watch (repeatable). Default: all.")
    var namespaces: [String] = []

    @OptionGroup var pluginOptions: PluginOptions

    @Option(
        help: "NAMESPACE/NAME of a ConfigMap that pauses every scaler while its data has paused: \"true\".",
        transform: ObjectKey.init(argument:)
    )
    var pauseConfigMap: ObjectKey?

    @Flag(
        help: """
            Let GeneralScalers use every Secret of their namespace, not only those that have the label \
            autoscaling.example.com/readable: "true".
            """
    )
    var allowUnlabelledSecrets = false

    @OptionGroup var electionOptions: ElectionOptions

    @OptionGroup var admissionOptions: AdmissionOptions

    @OptionGroup var apiOptions: APIOptions

    @Option(
        help: "Address and port for /metrics, /healthz and /readyz; port 0 selects a free port.",
        transform: ListenAddress.init(argument:)
    )
    var listen = ListenAddress(host: "127.0.0.1", port: 8080)

    @Option(
        help: "Minimum log level: trace, debug, info, notice, warning, error or critical.",
        transform: Self.logLevel
    )
    var logLevel: Logger.Level = .info

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let logger = StandardStreams.logger("generalscaler", level: logLevel)
        let configuration = OperatorConfiguration(
            cluster: try clusterOptions.configuration(environment),
            namespaces: namespaces,
            pauseConfigMap: pauseConfigMap,
            allowsUnlabelledSecrets: allowUnlabelledSecrets,
            listen: listen,
            identity: Self.identity,
            election: try electionOptions.election(),
            admission: admissionOptions.configuration,
            api: try apiOptions.configuration()
        )
        let plugins = try PluginHost(
            configuration: try pluginOptions.configuration(
                environment,
                credentialFiles: clusterOptions.credentialFiles(environment)
                    + (admissionOptions.webhookCertificates.map { [$0] } ?? [])
                    + (apiOptions.apiTokenFile.map { [$0] } ?? []),
                restsAfter: PluginHostLimits.restsAfter),
            logger: logger)
        // Each watch holds a connection, and there are as many as namespaces and kinds.
        try await CurlHTTPClient.withClient(configuration: .init(connectionsPerHost: HTTPLimits.connections)) { http in
            try await run(configuration, plugins, http, logger)
        }
        logger.info("stopped")
    }

    private func run(
        _ configuration: OperatorConfiguration, _ plugins: PluginHost, _ http: CurlHTTPClient, _ logger: Logger
    ) async throws {
        let runtime = OperatorRuntime(
            configuration, source: plugins, http: http, logger: logger, audit: StandardStreams.writeLine,
            onBound: { logger.info("serving metrics and health", metadata: ["port": "\($0)"]) },
            onAdmissionBound: { logger.info("serving the admission webhook", metadata: ["port": "\($0)"]) },
            onAPIBound: { logger.info("serving the API", metadata: ["port": "\($0)"]) }
        )
        logger.info(
            "starting",
            metadata: [
                "version": "\(OperatorRuntime.version)", "server": "\(configuration.cluster.server)",
                "timeZones": "\(TimeZoneDirectory.system.version ?? "none")",
            ])
        var group = ServiceGroupConfiguration(
            // In order, so that no service reports the end of another as its own error.
            // By type: the default name of a service contains the values of all its properties.
            services: runtime.services.map {
                .init(
                    service: $0, failureTerminationBehavior: .gracefullyShutdownGroup,
                    serviceName: "\(type(of: $0))")
            },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = Self.shutdownTime
        try await ServiceGroup(configuration: group).run()
    }

    /// The pod's name for users, with a suffix that distinguishes this process from earlier ones in the pod.
    private static var identity: String {
        "\(ProcessInfo.processInfo.hostName)_\(UUID().uuidString.prefix(8).lowercased())"
    }

    /// How long a graceful shutdown may take before running tasks are cancelled.
    private static let shutdownTime: Duration = .seconds(5)

    private static func logLevel(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("It must be one of \(known).")
        }
        return level
    }
}
