import FoundationEssentials
import ServiceLifecycle
import Synchronization
import SystemIO

/// A real `prometheus` server that scrapes the targets in a service-discovery file.
struct DemoPrometheus: Service {
    let directory: String
    let address = AsyncPromise<String>()

    var targetsFile: String { "\(directory)/targets.json" }

    /// Writes the configuration. Call it before ``run()``.
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
                    address.fulfill(.success("http://127.0.0.1:\(port)"))
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
