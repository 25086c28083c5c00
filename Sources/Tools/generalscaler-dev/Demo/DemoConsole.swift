import CommandSupport
import Console
import HTTPTransport
import KubernetesClient
import Logging
import Operator
import ServiceLifecycle
import SystemIO

/// The console of the demo's operator.
struct DemoConsole: Service {
    private static let tokenWords = 4

    let http: any HTTPClient
    let logger: Logger
    /// The settings of the operator's API, with a token that only this process knows.
    let api: APIConfiguration
    /// The port of the operator's API.
    let apiPort = AsyncPromise<Int>()

    init(http: any HTTPClient, logger: Logger) {
        self.http = http
        self.logger = logger
        let token = (0..<Self.tokenWords).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined()
        let files = FileReader { _ throws(FileReader.Failure) in Array(token.utf8) }
        api = APIConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0), token: APIToken(path: "memory", files: files))
    }

    func run() async throws {
        guard let port = await cancelWhenGracefulShutdown({ [apiPort] in try? await apiPort.value }) else { return }
        let upstream = DirectAPI(url: "http://127.0.0.1:\(port)", token: api.token, http: http)
        try await ConsoleServer(port: 0, upstream: upstream, logger: logger) { link in
            StandardStreams.printLine("The console in the browser, while the demo runs: \(link)")
        }.run()
    }
}
