import FoundationEssentials
import Glibc
import Hummingbird
import Synchronization

/// A small web service to scale: it does a little work per request and counts its requests for Prometheus.
@main
struct HTTPApp {
    static func main() async throws {
        let settings = Settings(CommandLine.arguments.dropFirst(), environment: ProcessInfo.processInfo.environment)
        let requests = RequestCounter()
        let router = Router()
        router.get("/") { _, _ in
            "\(work(seed: requests.count()))\n"
        }
        // Not counted, because a probe or a scrape is not load.
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: requests.exposition)))
        }
        let app = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(settings.host, port: settings.port)),
            onServerRunning: { channel in
                // Prints the chosen port if the app is started with port 0.
                print(channel.localAddress?.port ?? settings.port)
                fflush(nil)
            })
        try await app.runService()
    }

    /// Takes some microseconds of CPU time, like a handler that renders a small response.
    private static func work(seed: Int) -> UInt64 {
        (0..<2_000).reduce(UInt64(seed)) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }
}

/// `http_requests_total` without labels: one series per instance, for a rate per replica.
private final class RequestCounter: Sendable {
    private let total = Atomic(0)

    func count() -> Int {
        total.add(1, ordering: .relaxed).newValue
    }

    var exposition: String {
        """
        # HELP http_requests_total Requests served.
        # TYPE http_requests_total counter
        http_requests_total \(total.load(ordering: .relaxed))

        """
    }
}

private struct Settings {
    private(set) var host: String
    private(set) var port: Int

    /// Reads the settings. A flag takes precedence over the environment. An invalid value ends the process with a line
    /// on standard error.
    init(_ arguments: some Sequence<String>, environment: [String: String]) {
        host = environment["HOST"] ?? "0.0.0.0"
        port = Self.port(environment["PORT"] ?? "8080")
        var arguments = arguments.makeIterator()
        while let flag = arguments.next() {
            switch (flag, arguments.next()) {
            case ("--host", let value?): host = value
            case ("--port", let value?): port = Self.port(value)
            default: Self.fail("unknown or incomplete flag \(flag); usage: http-app [--host HOST] [--port PORT]")
            }
        }
    }

    private static func port(_ text: String) -> Int {
        guard let port = UInt16(text) else { fail("the port must be a number from 0 to 65535, not \(text)") }
        return Int(port)
    }

    private static func fail(_ message: String) -> Never {
        let line = Array("http-app: \(message)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        exit(2)
    }
}
