import ArgumentParser
import ClusterSimulator
import CommandSupport
import FoundationEssentials
import Logging
import Operator
import ServiceLifecycle
import UnixSignals

/// Runs a simulated cluster for kubectl and the operator.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Run an in-memory Kubernetes API server for local development.",
        discussion: "The server validates objects like a real API server and keeps them only in memory.")

    @Option(
        help: "Address and port to listen on; port 0 selects a free port.", transform: ListenAddress.init(argument:)
    )
    var listen: ListenAddress = ListenAddress(host: "127.0.0.1", port: 8001)

    @Option(help: "File to write a kubeconfig for this cluster to.")
    var kubeconfigOut: String?

    @Option(help: "Admin bearer token; without it every request is treated as admin.")
    var token: String?

    @Option(help: "Seconds until new pods of a workload are ready.")
    var startupDelay: Double = 2

    func run() async throws {
        var logger = Logger(label: "generalscaler-dev.cluster")
        logger.logLevel = .warning
        var api = SimulatedAPI.configuration()
        api.token = token
        api.workloadStartupDelay = .seconds(startupDelay)
        api.createsPods = true
        let simulator = ClusterSimulator(
            configuration: .init(host: listen.host, port: listen.port, api: api), logger: logger)
        simulator.api.serveAnnotatedMetrics()
        let group = ServiceGroup(
            configuration: .init(
                services: [simulator], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await serve(simulator, group)
        } catch {
            throw ListenError(error, listen, option: "--listen") ?? error
        }
    }

    private func serve(_ simulator: ClusterSimulator, _ group: ServiceGroup) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let url = try await simulator.url
            if let kubeconfigOut {
                let kubeconfig = Array(try await simulator.kubeconfig().utf8)
                do throws(FileProblem) {
                    try FileText.write(kubeconfig, to: kubeconfigOut)
                } catch {
                    await group.triggerGracefulShutdown()
                    try await tasks.waitForAll()
                    throw error
                }
            }
            StandardStreams.printLine("listening on \(url)")
            try await tasks.waitForAll()
        }
    }

    func validate() throws {
        guard startupDelay >= 0, startupDelay.isFinite, startupDelay <= 3_600 else {
            throw ValidationError("--startup-delay must be from 0 to 3600 seconds.")
        }
    }
}
