import Foundation
import HTTPTransport
import KubernetesClient
import TestSupport
import Testing
import WireFormats

/// The operator's executable, whose webhook is loaded by a client that knows its path.
@Suite("Attacks on the operator by load on its webhook", .timeLimit(.minutes(5)), .enabled(if: TestCluster.isSimulated))
struct WebhookLoadAttackTests {
    /// Of the debug build too. The limit of the chart is 256 MiB.
    private static let bound = 160 << 20
    /// The load goes on while that many times the lease is renewed, the scaler is polled and a round of load ends.
    private static let steps = 4

    @Test("polls and lease renewals continue under load on the webhook's port, leadership stays, and no poll fails")
    func load() async throws {
        try await WebhookTests.run { cluster, raw, name in
            try await PrometheusServer.run { prometheus in
                let arguments =
                    WebhookTests.arguments(cluster, name) + [
                        "--lease", "\(cluster.namespace)/generalscaler", "--retry-period", "1",
                    ]
                try await TestOperator.run(on: cluster, prometheus: prometheus.address, arguments: arguments) {
                    running in
                    let port = try await WebhookTests().ready(running, cluster, raw, name)
                    let webhook = try await raw.send("GET", "\(WebhookTests.configurations)/\(name)", .null)
                    let service = webhook.json["webhooks"]?[0]?["clientConfig"]?["service"]
                    let path = try #require(service?["path"]?.stringValue)
                    let before = try await lease(cluster)
                    let script = TestCluster.file("Tests/Fixtures/webhook_load.py").path
                    try await RunningProcess.run("/usr/bin/python3", [script, "\(port)", path]) { load in
                        try await load.outputLine { $0.hasPrefix("round 1 ") }
                        let polls = running.finishedPolls(of: "web")
                        for step in 1...Self.steps {
                            try await renewal(cluster)
                            try await running.polls(polls + step, of: "web")
                            try await load.outputLine { $0.hasPrefix("round \(step + 1) ") }
                        }
                        let last = load.output.last ?? ""
                        // The others were displaced: how many depends on the machine.
                        #expect(["'200'", "'404'", "'413'", "'503'"].contains { last.contains($0) }, "\(last)")
                    }
                    let after = try await lease(cluster)
                    #expect(after["leaseTransitions"] == before["leaseTransitions"])
                    #expect(after["holderIdentity"] == before["holderIdentity"])
                    #expect(!running.process.errors.contains { $0.contains("leadership lost") })
                    let page = String(decoding: try await running.get("/metrics").body, as: UTF8.self)
                    let errors = page.split(separator: "\n").filter {
                        $0.hasPrefix("generalscaler_scaler_errors_total{") && !$0.hasSuffix(" 0")
                    }
                    #expect(errors.isEmpty, "\(errors)")
                    let peak = try running.peakMemory(cluster)
                    #expect(peak > 0 && peak < Self.bound, "\(peak >> 20) MiB")
                    // With the load gone, a review of the API server is answered.
                    let review = try await raw.send(
                        "POST", WebhookTests.scalers(cluster) + "?dryRun=All", WebhookTests.scaler("later"))
                    #expect(review.status == 201, "\(review.message)")
                }
            }
        }
    }

    private func lease(_ cluster: TestCluster) async throws -> JSON {
        try await cluster.wait(for: .lease, cluster.key("generalscaler")) { $0["spec"]?["renewTime"] != nil }["spec"]
            ?? .null
    }

    /// Returns when the lease has been renewed once more.
    private func renewal(_ cluster: TestCluster) async throws {
        let last = try await lease(cluster)["renewTime"]
        try await cluster.wait(for: .lease, cluster.key("generalscaler")) { $0["spec"]?["renewTime"] != last }
    }
}
