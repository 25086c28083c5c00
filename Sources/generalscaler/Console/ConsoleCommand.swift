import ArgumentParser
import CommandSupport
import Console
import FoundationEssentials
import Glibc
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import ServiceLifecycle
import SystemIO
import UnixSignals

/// Serves the console to the browser of this machine.
struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Show every scaler, its readings and its decisions in the browser.",
        discussion: """
            Prints a link that works once. Reads the API of the leader through the API server's proxy, with the \
            kubeconfig: this needs get on the Lease, on the Secret with the API's token, and on pods/proxy. With \
            --url, it reads an API directly.
            """
    )

    @OptionGroup var clusterOptions: ClusterOptions

    @Option(
        help: "NAMESPACE/NAME of the Lease that names the leader.", transform: ObjectKey.init(argument:))
    var lease = ObjectKey(namespace: "generalscaler-system", name: "generalscaler")

    @Option(help: "Name of the Secret with the token of the API, in the namespace of the Lease.")
    var tokenSecret = "generalscaler-api"

    @Option(help: "Port of the API in the leader's pod.")
    var apiPort: UInt16 = 8090

    @Option(help: "Address of an API to read directly, such as http://127.0.0.1:8090. Needs --api-token-file.")
    var url: String?

    @Option(help: "File with the token of the API, for --url.")
    var apiTokenFile: String?

    @Option(help: "Port of the page on 127.0.0.1; 0 selects a free port.")
    var port: UInt16 = 0

    @OptionGroup(title: "What-if") var replayOptions: ReplaySourceOptions

    func validate() throws {
        guard (url == nil) == (apiTokenFile == nil) else {
            throw ValidationError("--url and --api-token-file need each other.")
        }
    }

    func run() async throws {
        let cluster = url == nil ? try clusterOptions.configuration(ProcessInfo.processInfo.environment) : nil
        if let apiTokenFile { _ = try APIToken(path: apiTokenFile).read() }
        let sources: ReplaySources
        do throws(FileProblem) {
            sources = try replayOptions.sources()
        } catch {
            throw ValidationError(error.description)
        }
        try await CurlHTTPClient.withClient { http in try await serve(cluster, sources, http) }
    }

    private func serve(
        _ cluster: ClusterConfiguration?, _ sources: ReplaySources, _ http: CurlHTTPClient
    ) async throws {
        let logger = StandardStreams.logger("generalscaler.console", level: .warning)
        let upstream: any UpstreamAPI
        if let cluster {
            let client = KubernetesClient(
                configuration: cluster, http: http, time: .system, random: { .random(in: 0..<1) }, logger: logger)
            upstream = LeaderAPI(
                client: client, lease: lease, secret: ObjectKey(namespace: lease.namespace, name: tokenSecret),
                port: Int(apiPort))
        } else {
            upstream = DirectAPI(url: url ?? "", token: APIToken(path: apiTokenFile ?? ""), http: http)
        }
        let server = ConsoleServer(port: Int(port), upstream: upstream, sources: sources, logger: logger) { link in
            let text = "Open this link in the browser; it works once:\n\(link)\n"
            StandardStreams.write(Array(text.utf8), to: STDOUT_FILENO)
        }
        // By type: the default name contains the values of all properties.
        let service = ServiceGroupConfiguration.ServiceConfiguration(
            service: server, serviceName: "\(type(of: server))")
        try await ServiceGroup(
            configuration: .init(services: [service], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        ).run()
    }
}

extension ConsoleServer: Service {}
