import FoundationEssentials
import Glibc
import Logging
import PluginHost

/// A plugin host for benchmarks.
enum BenchHost {
    /// Returns the path of a program that was built with this one.
    static func built(_ name: String) -> String { "\(ownDirectory())/\(name)" }

    /// Runs a host with the plugins of a manifest (the text of a `plugins.yaml`) until the body returns.
    static func run<Value: Sendable>(
        manifest: String, body: @Sendable (PluginHost) async throws -> Value
    ) async throws -> Value {
        let file = FileManager.default.temporaryDirectory.appending(path: "generalscaler-bench-\(getpid()).yaml")
        try Data(manifest.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var logger = Logger(label: "bench") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [], manifest: file.path, hostVersion: "bench",
                environment: ["PATH": "/usr/bin:/bin"]),
            logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // Cancelled below, which ends its plugins.
            group.addTask { try await host.run() }
            await host.untilStarted()
            let value = try await body(host)
            group.cancelAll()
            return value
        }
    }
}
