import FoundationEssentials
import ServiceLifecycle
import Synchronization

/// A real `prometheus` server that scrapes what a service-discovery file lists.
struct DemoPrometheus: Service {
    let directory: String
    let address = Awaited<String>()

    var targetsFile: String { "\(directory)/targets.json" }

    /// Writes the configuration. Call before ``run()``.
    func prepare() throws {
        let configuration = """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: http-app
                file_sd_configs: [{files: ['\(targetsFile)'], refresh_interval: 1s}]
            """
        try Data(configuration.utf8).write(to: URL(filePath: "\(directory)/prometheus.yml"))
        try Data("[]".utf8).write(to: URL(filePath: targetsFile))
    }

    func run() async throws {
        let port = Mutex<String?>(nil)
        let log = Mutex<[String]>([])
        let process = ChildProcess(
            program: "prometheus",
            arguments: [
                "--config.file=\(directory)/prometheus.yml", "--storage.tsdb.path=\(directory)/data",
                "--web.listen-address=127.0.0.1:0",
            ],
            onLine: { line in
                log.withLock { $0.append(String(line)) }
                if line.contains(#"msg="Listening on""#), let end = line.split(separator: ":").last {
                    port.withLock { $0 = String(end) }
                }
                if line.contains("Server is ready to receive web requests"), let port = port.withLock(\.self) {
                    address.fulfill("http://127.0.0.1:\(port)")
                }
            }
        )
        let status = try await cancelWhenGracefulShutdown { try await process.run() }
        guard let status else { return }
        let lastLines = log.withLock { $0.suffix(3) }.joined(separator: "\n")
        throw DemoError("prometheus ended unexpectedly (\(status)):\n\(lastLines)")
    }
}

struct DemoError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A value that is known later. One task waits for it at a time.
final class Awaited<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let input: AsyncStream<Value>.Continuation

    init() {
        (stream, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    func fulfill(_ value: Value) {
        input.yield(value)
        input.finish()
    }

    /// Returns nil if the task is cancelled first.
    func value() async -> Value? {
        for await value in stream { return value }
        return nil
    }
}
