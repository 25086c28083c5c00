import Foundation
import Subprocess

/// A real `prometheus` server for a test, on a free port of 127.0.0.1 and with a temporary data directory.
package struct PrometheusServer: Sendable {
    /// The address, such as `http://127.0.0.1:38773`, with the path prefix if any.
    package let address: String

    package struct Options: Sendable {
        /// The contents of `prometheus.yml`.
        package var configuration: String
        /// The initial samples: OpenMetrics text with a time on each line.
        package var samples: String?
        /// The web configuration file (TLS, users), if any.
        package var webConfiguration: String?
        /// Further files by name, in the server's working directory.
        package var files: [String: String]
        package var arguments: [String]
        package var scheme: String
        package var pathPrefix: String

        package init(
            configuration: String = "{}", samples: String? = nil, webConfiguration: String? = nil,
            files: [String: String] = [:],
            arguments: [String] = [], scheme: String = "http", pathPrefix: String = ""
        ) {
            self.configuration = configuration
            self.samples = samples
            self.webConfiguration = webConfiguration
            self.files = files
            self.arguments = arguments
            self.scheme = scheme
            self.pathPrefix = pathPrefix
        }
    }

    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    /// Starts a server, waits until it is ready, and runs `body`. The server and its directory are removed before this
    /// returns.
    package static func run<Value: Sendable>(
        _ options: Options = Options(), _ body: (PrometheusServer) async throws -> Value
    ) async throws -> Value {
        let directory = FileManager.default.temporaryDirectory.appending(path: "prometheus-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        var files = options.files
        files["prometheus.yml"] = options.configuration
        files["web.yml"] = options.webConfiguration
        files["samples.txt"] = options.samples
        for (name, text) in files {
            try Data(text.utf8).write(to: directory.appending(path: name))
        }

        if options.samples != nil { try await load(directory) }

        var arguments = [
            "--config.file=\(directory.path)/prometheus.yml", "--storage.tsdb.path=\(directory.path)/data",
            "--web.listen-address=127.0.0.1:0", "--log.level=info", "--log.format=logfmt",
        ]
        if options.webConfiguration != nil { arguments.append("--web.config.file=\(directory.path)/web.yml") }
        if !options.pathPrefix.isEmpty { arguments.append("--web.route-prefix=\(options.pathPrefix)") }
        var platform = PlatformOptions()
        // Also if the test is cancelled, for example by its time limit.
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]

        let outcome = try await Subprocess.run(
            .name("prometheus"), arguments: Arguments(arguments + options.arguments), platformOptions: platform,
            input: .none, output: .discarded, error: .sequence
        ) { execution -> Result<Value, any Error> in
            var log = execution.standardError.makeAsyncIterator()
            let result: Result<Value, any Error>
            do {
                let port = try await Self.port(&log)
                let server = PrometheusServer(address: "\(options.scheme)://127.0.0.1:\(port)\(options.pathPrefix)")
                result = .success(try await body(server))
            } catch {
                result = .failure(error)
            }
            try execution.send(signal: .terminate)
            // Drains the log, so that the server does not block.
            while try await log.next() != nil {}
            return result
        }
        return try outcome.takeClosureResult().get()
    }

    /// Creates a database from the samples.
    private static func load(_ directory: URL) async throws {
        let result = try await Subprocess.run(
            .name("promtool"),
            arguments: [
                "tsdb", "create-blocks-from", "openmetrics", "\(directory.path)/samples.txt", "\(directory.path)/data",
            ],
            output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw StartError(description: "promtool did not take the samples:\n\(result.standardError)")
        }
    }

    /// Reads the log until the server is ready, and returns its port.
    private static func port(_ log: inout SubprocessOutputSequence.Iterator) async throws -> Int {
        var text = ""
        while let chunk = try await log.next() {
            text += chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            // The two lines may be in either order.
            let lines = text.split(separator: "\n")
            let listens = lines.first { $0.contains(#"msg="Listening on""#) }
            if let port = listens?.split(separator: ":").last.flatMap({ Int($0) }),
                text.contains("Server is ready to receive web requests")
            {
                return port
            }
        }
        throw StartError(description: "prometheus did not start:\n\(text)")
    }
}
