import HTTPTransport
import Hummingbird
package import Logging
import ServiceLifecycle
import SystemIO
import WireFormats

/// An in-memory Kubernetes API server over real HTTP: for tests, the demo and local development.
///
/// The server is as strict as a kube-apiserver. ``api`` gives access to it from within the process.
package final class ClusterSimulator: Service {
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// The port; 0 for a free one.
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
    private let address = AsyncPromise<Int>()
    /// Wakes the task that runs due actions.
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameter clock: the clock for delays and timeouts, which has to be consistent with the configuration's `now`.
    package init(configuration: Configuration, clock: any Clock<Duration> = ContinuousClock(), logger: Logger) {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.wakes, self.wake) = (wakes, wake)
        api = APIServer(configuration: configuration.api) { wake.yield() }
    }

    /// The port, once the server listens.
    ///
    /// - Throws: the error that prevented it from listening.
    package var port: Int {
        get async throws { try await address.value }
    }

    /// The URL, such as `http://127.0.0.1:8001`, once the server listens.
    package var url: String {
        get async throws { Self.url(host: configuration.host, port: try await port) }
    }

    static func url(host: String, port: Int) -> String {
        host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
    }

    /// Returns a kubeconfig with this server as its only cluster, once the server listens.
    package func kubeconfig(namespace: String = "default") async throws -> String {
        Kubeconfig.text(server: try await url, token: configuration.api.token, namespace: namespace)
    }

    package func run() async throws {
        // Webhooks are called directly, without a proxy.
        try await CurlHTTPClient.withClient(configuration: .init(proxies: .none)) { http in try await run(http) }
    }

    private func run(_ http: CurlHTTPClient) async throws {
        let shell = HTTPShell(api: api, clock: clock, webhooks: WebhookCaller(http: http), pods: PodProxy(http: http))
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
                    // Running watches would prevent the shutdown.
                    try? await gracefulShutdown()
                    api.endWatches()
                }
                try await application.run()
                group.cancelAll()
            }
            // Reaches only callers that were waiting for the server to listen; the first result counts.
            address.fulfill(.failure(CancellationError()))
        } catch {
            address.fulfill(.failure(error))
            throw error
        }
    }

    /// Runs due actions at their time.
    private func followDeadlines() async {
        await withDiscardingTaskGroup { group in
            var scheduled: Set<Int64> = []
            for await _ in wakes {
                api.advance()
                let now = configuration.api.now()
                scheduled = scheduled.filter { $0 > now }
                // A timer for a deadline that has moved wakes this loop unnecessarily, which is harmless.
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
