import Foundation
import HTTPTransport
import Subprocess
import TestSupport
import Testing
import WireFormats

/// The operator in production configuration: its executable, its plugins' executables, a kubeconfig and a
/// `plugins.yaml`, with exactly its permissions in a cluster.
struct TestOperator: Sendable {
    let process: RunningProcess
    private let address: String

    /// Runs the operator until the body has ended, or has ended the operator.
    ///
    /// - Parameters:
    ///   - prometheus: the default address of prometheus metrics.
    ///   - apiServer: the address of the API server for metrics of the kubernetes plugin, if there are any.
    @discardableResult
    static func run(
        on cluster: TestCluster, prometheus: String = "http://127.0.0.1:9", apiServer: String? = nil,
        arguments: [String] = [],
        _ body: @escaping @Sendable (TestOperator) async throws -> Void
    ) async throws -> TerminationStatus {
        let manifest = cluster.directory.appending(path: "plugins-\(UUID().uuidString).yaml")
        let token = "{valueFrom: {serviceAccountToken: {serviceAccountName: \(OperatorRights.pluginAccount)}}}"
        let kubernetes = apiServer.map { ", kubernetes: {defaults: {address: '\($0)', token: \(token)}}" } ?? ""
        try Data("plugins: {prometheus: {defaults: {address: '\(prometheus)'}}\(kubernetes)}\n".utf8).write(
            to: manifest)
        return try await RunningProcess.run(
            "generalscaler",
            [
                "run", "--kubeconfig", cluster.operatorKubeconfig, "--namespace", cluster.namespace, "--plugins-config",
                manifest.path, "--listen", "127.0.0.1:0", "--log-level", "debug",
            ] + arguments
        ) { process in
            let line = try await process.errorLine { $0.contains("serving metrics and health") }
            let port = line.split(separator: "port=").last?.prefix { $0.isNumber } ?? ""
            try await body(TestOperator(process: process, address: "http://127.0.0.1:\(port)"))
        }
    }

    /// Waits until that many polls of the scaler have finished.
    func polls(_ count: Int, of scaler: String) async throws {
        try await process.errorLine(count) { Self.isFinished($0, scaler) }
    }

    func get(_ path: String) async throws -> HTTPResponse {
        let http = CurlHTTPClient()
        let response = try await http.send(HTTPRequest(url: address + path, timeout: .seconds(10)))
        await http.shutdown()
        return response
    }

    /// The outcomes of webhook reviews in the operator's metrics.
    enum Verdict: String { case allowed, warned, denied, failed }

    /// Returns the number of webhook reviews with that outcome.
    func reviews(_ verdict: Verdict) async throws -> Int {
        let page = String(decoding: try await get("/metrics").body, as: UTF8.self)
        let prefix = "generalscaler_webhook_reviews_total{verdict=\"\(verdict.rawValue)\"} "
        let line = try #require(page.split(separator: "\n").first { $0.hasPrefix(prefix) })
        return try #require(Int(line.dropFirst(prefix.count)))
    }

    /// Returns the most of it that was ever resident, in bytes.
    func peakMemory(_ cluster: TestCluster) throws -> Int {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let process = Int32(name),
                let command = FileManager.default.contents(atPath: "/proc/\(name)/cmdline"),
                String(decoding: command, as: UTF8.self).contains("run\0--kubeconfig\0\(cluster.operatorKubeconfig)")
            else { continue }
            return try PluginMemory.peak(of: process)
        }
        return 0
    }

    /// The polls of the scaler that have finished so far.
    func finishedPolls(of scaler: String) -> Int {
        process.errors.count { Self.isFinished($0, scaler) }
    }

    private static func isFinished(_ line: String, _ scaler: String) -> Bool {
        line.contains("poll finished") && line.contains("scaler=\(scaler)")
    }

    /// The lines of the audit log so far.
    var audit: [JSON] { process.output.compactMap { try? JSON(parsing: $0) } }
}
