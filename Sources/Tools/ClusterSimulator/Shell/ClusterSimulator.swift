import HTTPTransport
import Hummingbird
package import Logging
import ServiceLifecycle
import SystemIO
import WireFormats

/// An in-memory Kubernetes API server over real HTTP: for tests, the demo and local development.
///
/// As strict as the real one: what a kube-apiserver rejects, this rejects. ``api`` is the server itself, to look into
/// and to act on from inside the process.
package final class ClusterSimulator: Service {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// 0 for a port that is free.
        package var port = 0
        package var api: APIServer.Configuration

        package init(host: String = "127.0.0.1", port: Int = 0, api: APIServer.Configuration) {
            self.host = host
            self.port = port
            self.api = api
        }
    }

    package let api: APIServer
    private let configuration: Configuration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let address = Promised<Int>()
    /// Wakes the task that does what falls due.
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameter clock: what delays and time-outs are slept on; it has to run with the configuration's `now`.
    package init(configuration: Configuration, clock: any Clock<Duration> = ContinuousClock(), logger: Logger) {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.wakes, self.wake) = (wakes, wake)
        api = APIServer(configuration: configuration.api) { wake.yield() }
    }

    /// The port that it listens on, once it does.
    ///
    /// - Throws: what kept it from listening.
    package var port: Int {
        get async throws { try await address.value }
    }

    /// `http://127.0.0.1:8001`, once it listens.
    package var url: String {
        get async throws { Self.url(host: configuration.host, port: try await port) }
    }

    static func url(host: String, port: Int) -> String {
        host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
    }

    /// Returns a kubeconfig with this server as its only cluster, once it listens.
    package func kubeconfig(namespace: String = "default") async throws -> String {
        Kubeconfig.text(server: try await url, token: configuration.api.token, namespace: namespace)
    }

    package func run() async throws {
        // Webhooks are programs beside it, or what their URL names: no proxy's affair.
        try await CurlHTTPClient.withClient(configuration: .init(proxies: .none)) { http in try await run(http) }
    }

    private func run(_ http: CurlHTTPClient) async throws {
        let shell = HTTPShell(api: api, clock: clock, webhooks: WebhookCaller(http: http))
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await shell.respond(to: request) },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port)),
            onServerRunning: { [address] channel in address.fulfill(.success(channel.localAddress?.port ?? 0)) },
            logger: logger)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [self] in await followDeadlines() }
                group.addTask { [api] in
                    // Running watches would keep the server from shutting down.
                    try? await gracefulShutdown()
                    api.endWatches()
                }
                try await application.run()
                group.cancelAll()
            }
            // Only who asked before it ever listened learns this; the first result counts.
            address.fulfill(.failure(CancellationError()))
        } catch {
            address.fulfill(.failure(error))
            throw error
        }
    }

    /// Does what falls due in the server, when it does.
    private func followDeadlines() async {
        await withDiscardingTaskGroup { group in
            var scheduled: Set<Int64> = []
            for await _ in wakes {
                api.advance()
                let now = configuration.api.now()
                scheduled = scheduled.filter { $0 > now }
                // A timer for a deadline that has moved since wakes this loop for nothing, which does no harm.
                guard let deadline = api.nextDeadline, scheduled.insert(deadline).inserted else { continue }
                group.addTask { [clock, wake] in
                    try? await clock.sleep(for: .microseconds(max(0, deadline - now)))
                    wake.yield()
                }
            }
            group.cancelAll()
        }
    }
}
