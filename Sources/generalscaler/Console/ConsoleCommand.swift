import ArgumentParser
import CommandSupport
import Console
import Glibc
import HTTPTransport
import KubernetesClient
import Logging
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

    @OptionGroup var upstreamOptions: UpstreamOptions

    @Option(help: "Port of the page on 127.0.0.1; 0 selects a free port.")
    var port: UInt16 = 0

    @OptionGroup(title: "What-if") var replayOptions: ReplaySourceOptions

    func run() async throws {
        let cluster = try upstreamOptions.cluster()
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
        let upstream = upstreamOptions.upstream(cluster, http, logger)
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
