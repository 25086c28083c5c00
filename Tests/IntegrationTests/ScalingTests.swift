import HTTPTransport
import KubernetesClient
import Subprocess
import TestSupport
import Testing
import WireFormats

/// Scaling with a real Prometheus, the real plugin process, and a real API server or an equally strict one.
///
/// Metrics are totals (AverageValue), which do not depend on ready pods, because a cluster without nodes has none.
@Suite("Scaling in a cluster", .timeLimit(.minutes(3)))
struct ScalingTests {
    @Test("a metric above its target scales the Deployment, as status, event, audit log and metrics show")
    func scaleUp() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                try await cluster.createWorkload("web")
                try await cluster.createScaler("web")
                let ending = try await TestOperator.run(on: cluster, prometheus: prometheus.address) { running in
                    let object = try await cluster.wait(for: .scaler, cluster.key("web")) {
                        $0["status"]?["currentReplicas"] == 6
                    }
                    #expect(try await cluster.replicas(of: "web") == 6)
                    let status = object["status"] ?? .null
                    #expect(status["desiredReplicas"] == 6)
                    #expect(status["targetName"] == "Deployment/web")
                    #expect(status["lastScaleUpTime"]?.stringValue != nil)
                    #expect(status["metrics"]?.arrayValue?.first?["value"] == 12)
                    try await cluster.condition("Ready", "True", "Scaling", of: "web")
                    try await cluster.condition("AbleToScale", "True", "TargetFound", of: "web")
                    let event = try await cluster.event("Scaled", of: "web")
                    #expect(event["note"]?.stringValue?.hasPrefix("Scale from 2 to 6: prometheus is 12") == true)
                    let audited = running.audit.first { $0["decision"]?["desired"] == 6 }
                    #expect(audited?["decision"]?["reason"] == event["note"])
                    #expect(audited?["namespace"]?.stringValue == cluster.namespace)
                    let page = String(decoding: try await running.get("/metrics").body, as: UTF8.self)
                    let labels = #"{namespace="\#(cluster.namespace)",name="web"}"#
                    #expect(page.contains("generalscaler_scaler_desired_replicas\(labels) 6"))
                    #expect(page.contains(#"generalscaler_plugin_up{plugin="prometheus"} 1"#))
                    #expect(try await running.get("/readyz").status == 200)
                    #expect(try await running.get("/healthz").status == 200)
                    try running.process.send(.terminate)
                }
                #expect(ending == .exited(0))
            }
        }
    }

    @Test("a StatefulSet named by targetRef is scaled down at its rate to the number that the metric recommends")
    func scaleDown() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                try await cluster.createWorkload("db", kind: .statefulSet, replicas: 6)
                try await cluster.createScaler(
                    "db", query: "vector(6)",
                    [
                        "targetDeployment": .null,
                        "targetRef": ["apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db"],
                        "safety": ["cooldownSeconds": 1, "maxScaleDownRate": 2, "scaleDownStabilizationSeconds": 0],
                    ])
                try await TestOperator.run(on: cluster, prometheus: prometheus.address) { running in
                    try await cluster.wait(for: .scaler, cluster.key("db")) { $0["status"]?["currentReplicas"] == 3 }
                    #expect(try await cluster.replicas(of: "db", kind: .statefulSet) == 3)
                    // The audit log is independent of the status, and may be later.
                    try await running.process.outputLine { $0.contains("\"current\":4,\"desired\":3") }
                    let steps = running.audit.filter { $0["decision"]?["current"] != $0["decision"]?["desired"] }
                        .compactMap { $0["decision"]?["desired"]?.intValue }
                    #expect(steps == [4, 3])
                }
            }
        }
    }

    @Test("a killed operator's successor keeps the cooldown")
    func restart() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                try await cluster.createWorkload("web")
                try await cluster.createScaler("web", ["safety": ["cooldownSeconds": 3_600, "maxScaleUpRate": 1]])
                let ending = try await TestOperator.run(on: cluster, prometheus: prometheus.address) { running in
                    try await cluster.wait(for: .scaler, cluster.key("web")) { $0["status"]?["currentReplicas"] == 3 }
                    try running.process.send(.kill)
                }
                #expect(ending == .signaled(.kill))
                try await TestOperator.run(on: cluster, prometheus: prometheus.address) { running in
                    try await running.polls(3, of: "web")
                    #expect(try await cluster.replicas(of: "web") == 3)
                    #expect(running.audit.allSatisfy { $0["decision"]?["desired"] == 3 })
                    let status = try await cluster.status(of: "web")
                    #expect(status["limitedBy"]?.arrayValue?.contains("Cooldown") == true)
                }
            }
        }
    }

    @Test("the GeneralScaler is not written to while no decision changes")
    func quiet() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                try await cluster.createWorkload("web", replicas: 6)
                try await cluster.createScaler("web")
                try await TestOperator.run(on: cluster, prometheus: prometheus.address) { running in
                    // A cluster that makes pods ready changes `ready` for a while; the version settles afterwards.
                    try await running.polls(4, of: "web")
                    let before = try await cluster.client.get(.scaler, cluster.key("web"))
                    try await running.polls(9, of: "web")
                    let after = try await cluster.client.get(.scaler, cluster.key("web"))
                    #expect(before["metadata"]?["resourceVersion"] == after["metadata"]?["resourceVersion"])
                }
            }
        }
    }
}

extension Subprocess.TerminationStatus {
    static func signaled(_ signal: Signal) -> Self { .signaled(signal.rawValue) }
}
