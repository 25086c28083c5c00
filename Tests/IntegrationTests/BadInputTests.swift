import KubernetesClient
import Subprocess
import TestSupport
import Testing
import WireFormats

/// A problem of one scaler is reported on that scaler only.
@Suite("Bad input in a cluster", .timeLimit(.minutes(3)))
struct BadInputTests {
    @Test("an unknown type, a missing target, a wrong config and an unreachable source leave replicas and others alone")
    func troubles() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                for name in ["good", "untyped", "misconfigured", "unreachable"] {
                    try await cluster.createWorkload(name, replicas: 3)
                }
                try await createScalers(in: cluster)
                let ending = try await TestOperator.run(on: cluster, prometheus: prometheus.address) { running in
                    for expected in Self.expected {
                        let condition = try await cluster.condition(
                            "Ready", "False", expected.reason, of: expected.scaler)
                        let message = condition["message"]?.stringValue ?? ""
                        #expect(message.contains(expected.hint), "\(message)")
                        #expect(condition["observedGeneration"] == 1)
                        let event = try await cluster.event(expected.reason, of: expected.scaler)
                        #expect(event["type"] == "Warning")
                    }
                    try await cluster.wait(for: .scaler, cluster.key("good")) { $0["status"]?["currentReplicas"] == 6 }
                    for name in ["untyped", "misconfigured", "unreachable"] {
                        #expect(try await cluster.replicas(of: name) == 3)
                    }
                    // The target is created, and its scaler starts to scale it.
                    try await cluster.createWorkload("late")
                    try await cluster.wait(for: .scaler, cluster.key("late")) { $0["status"]?["currentReplicas"] == 6 }
                    try running.process.send(.terminate)
                }
                #expect(ending == .exited(0))
            }
        }
    }

    private static let expected: [(scaler: String, reason: String, hint: String)] = [
        ("untyped", "UnknownMetricType", "nosuchtype"),
        ("misconfigured", "InvalidMetricConfig", "spec.metrics[0].config.queri: is not a known field"),
        ("late", "TargetNotFound", "create it, or correct the name in the spec"),
        ("unreachable", "NoData", "127.0.0.1:1"),
    ]

    private func createScalers(in cluster: TestCluster) async throws {
        func metric(_ type: String, _ config: JSON) -> JSON {
            ["metrics": [["type": .string(type), "config": config, "targetValue": 2, "targetType": "AverageValue"]]]
        }
        try await cluster.createScaler("good")
        try await cluster.createScaler("late")
        try await cluster.createScaler("untyped", metric("nosuchtype", [:]))
        try await cluster.createScaler("misconfigured", metric("prometheus", ["queri": "1"]))
        try await cluster.createScaler(
            "unreachable", metric("prometheus", ["query": "1", "address": "http://127.0.0.1:1"]))
    }

    @Test(
        "the API server rejects contradicting fields with their path",
        arguments: [
            (["maxReplicas": 0], "spec.maxReplicas"),
            (["maxReplicas": 1, "minReplicas": 2], "spec"),
            (["targetDeployment": .null], "spec"),
            (["metrics": []], "spec.metrics"),
            (["metrics": [["type": "prometheus", "targetValue": 0]]], "spec.metrics[0].targetValue"),
            (["pollingIntervalSeconds": 0], "spec.pollingIntervalSeconds"),
            (["mode": "Sometimes"], "spec.mode"),
            (["policy": ["type": "cost"]], "spec.policy"),
            (["fallback": ["behavior": "Static"]], "spec.fallback"),
        ] as [(JSON, String)])
    func refused(spec: JSON, path: String) async throws {
        try await TestCluster.run { cluster in
            let error = await #expect(throws: KubernetesError.self) { try await cluster.createScaler("bad", spec) }
            #expect(error?.kind == .invalid)
            #expect(error?.message.contains(path) == true, "\(error?.message ?? "")")
        }
    }

    @Test("the README's example is accepted unchanged, and its defaults are filled in")
    func example() async throws {
        try await TestCluster.run { cluster in
            let example = try #require(try Documentation.yaml(in: "README.md").first { $0["kind"] == "GeneralScaler" })
            let created = try await cluster.client.create(.scaler, in: cluster.namespace, example)
            let spec = created["spec"]
            #expect(spec?["pollingIntervalSeconds"] == 15)
            #expect(spec?["mode"] == "Active")
            #expect(spec?["paused"] == false)
            #expect(spec?["safety"]?["maxScaleUpRate"] == 3)
            let query = #"sum(rate(http_requests_total{namespace="shop",app="http-app"}[5m]))"#
            #expect(spec?["metrics"]?.arrayValue?.first?["config"]?["query"] == .string(query))
        }
    }
}
