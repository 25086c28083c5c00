import ClusterSimulator
import Foundation
import KubernetesClient
import Synchronization
import TestSupport
import Testing
import WireFormats

/// Scaling on the metrics APIs, with the real operator and the real plugin, which have exactly the rights of the chart, on a
/// simulated API server.
@Suite("Scaling on Kubernetes metrics", .timeLimit(.minutes(5)))
struct KubernetesMetricsTests {
    /// The CPU time that the pods of a Deployment use together, in millicores.
    private final class Load: Sendable {
        private let millicores: Mutex<Int>

        init(_ millicores: Int) {
            self.millicores = Mutex(millicores)
        }

        func set(_ millicores: Int) { self.millicores.withLock { $0 = millicores } }

        @Sendable func usage(_ pods: [JSON]) -> [String: PodUsage] {
            let each = Double(millicores.withLock(\.self)) / Double(max(pods.count, 1))
            let names = pods.compactMap { $0["metadata"]?["name"]?.stringValue }
            // The window is short, so that a new pod counts after a second.
            let usage = PodUsage(
                ["app": ["cpu": "\(Int(each * 1_000_000))n", "memory": "30Mi"]], age: .zero, window: "1s")
            return Dictionary(uniqueKeysWithValues: names.map { ($0, usage) })
        }
    }

    private static let quick: JSON = [
        "cooldownSeconds": 1, "scaleDownStabilizationSeconds": 0, "maxScaleUpRate": 10, "maxScaleDownRate": 10,
    ]

    private func deploy(_ cluster: TestCluster, replicas: Int) async throws {
        _ = try await cluster.client.create(
            .deployment, in: cluster.namespace,
            [
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "web"],
                "spec": [
                    "replicas": .integer(Int64(replicas)), "selector": ["matchLabels": ["app": "web"]],
                    "template": [
                        "metadata": ["labels": ["app": "web"]],
                        "spec": [
                            "containers": [
                                ["name": "app", "image": "app", "resources": ["requests": ["cpu": "500m"]]]
                            ]
                        ],
                    ],
                ],
            ])
    }

    private func address(_ cluster: TestCluster) throws -> String {
        try ClusterConfiguration.kubeconfig(path: cluster.kubeconfig, context: nil, environment: [:]).server
    }

    private func wait(_ cluster: TestCluster, replicas: Int) async throws {
        try await cluster.wait(for: .deployment, cluster.key("web")) {
            $0["spec"]?["replicas"]?.intValue == replicas
        }
    }

    @Test("CPU utilization scales a Deployment from 1 to 4 and back; the status shows the percentage")
    func cpu() async throws {
        try await TestCluster.runSimulated { cluster, api in
            // 240% of the request of one pod, and 60% of four.
            let load = Load(1_200)
            api.serveResourceMetrics(load.usage)
            try await deploy(cluster, replicas: 1)
            try await cluster.createScaler(
                "web",
                [
                    "minReplicas": 1, "maxReplicas": 6, "safety": Self.quick,
                    "metrics": [["type": "kubernetes-resource", "config": ["resource": "cpu"], "targetValue": 60]],
                ])
            try await TestOperator.run(on: cluster, apiServer: try address(cluster)) { running in
                try await wait(cluster, replicas: 4)
                let status = try await cluster.wait(for: .scaler, cluster.key("web")) {
                    $0["status"]?["metrics"]?[0]?["value"] == 240
                }["status"]
                #expect(status?["desiredReplicas"] == 4)
                load.set(200)
                try await wait(cluster, replicas: 1)
                try await cluster.condition("Ready", "True", "Scaling", of: "web")
            }
        }
    }

    @Test("an external metric starts the first pods, CPU adds more, and both idle scale to 0")
    func zero() async throws {
        try await TestCluster.runSimulated { cluster, api in
            let load = Load(1_500)
            api.serveResourceMetrics(load.usage)
            api.serveExternalMetrics()
            api.setExternalMetric("orders", in: cluster.namespace, to: [.init(value: "0")])
            try await deploy(cluster, replicas: 0)
            try await cluster.createScaler(
                "web",
                [
                    "minReplicas": 0, "maxReplicas": 8, "safety": Self.quick,
                    "metrics": [
                        ["type": "kubernetes-external", "config": ["metric": "orders"], "targetValue": 1],
                        ["type": "kubernetes-resource", "config": ["resource": "cpu"], "targetValue": 60],
                    ],
                ])
            try await TestOperator.run(on: cluster, apiServer: try address(cluster)) { running in
                try await running.polls(3, of: "web")
                #expect(try await cluster.replicas(of: "web") == 0)
                api.setExternalMetric(
                    "orders", in: cluster.namespace,
                    to: [
                        .init(labels: ["region": "eu"], value: "1500m"), .init(labels: ["region": "us"], value: "500m"),
                    ])
                try await wait(cluster, replicas: 2)
                try await wait(cluster, replicas: 5)
                load.set(0)
                api.setExternalMetric("orders", in: cluster.namespace, to: [.init(value: "0")])
                try await wait(cluster, replicas: 0)
            }
        }
    }

    @Test("without the metrics API the replicas are held, and the status names metrics-server")
    func missing() async throws {
        try await TestCluster.runSimulated { cluster, api in
            try await deploy(cluster, replicas: 3)
            try await cluster.createScaler(
                "web",
                [
                    "minReplicas": 1,
                    "metrics": [["type": "kubernetes-resource", "config": ["resource": "cpu"], "targetValue": 60]],
                ])
            try await TestOperator.run(on: cluster, apiServer: try address(cluster)) { running in
                try await running.polls(3, of: "web")
                let status = try await cluster.wait(for: .scaler, cluster.key("web")) {
                    "\($0["status"] ?? .null)".contains("install metrics-server")
                }
                #expect(!"\(status)".contains("Details are only in the operator's log"))
                #expect(try await cluster.replicas(of: "web") == 3)
            }
        }
    }

    @Test("a scaler that sets the address or the token is refused")
    func fixed() async throws {
        try await TestCluster.runSimulated { cluster, api in
            try await deploy(cluster, replicas: 3)
            for (name, field, value) in [
                ("a", "address", "https://attacker:6443"), ("b", "token", "x"), ("c", "namespace", "kube-system"),
            ] {
                try await cluster.createScaler(
                    name,
                    [
                        "targetDeployment": "web", "mode": "DryRun",
                        "metrics": [
                            [
                                "type": "kubernetes-resource", "targetValue": 60,
                                "config": .object(["resource": "cpu", field: .string(value)]),
                            ]
                        ],
                    ])
            }
            try await TestOperator.run(on: cluster, apiServer: try address(cluster)) { running in
                for (name, field) in [("a", "address"), ("b", "token"), ("c", "namespace")] {
                    let condition = try await cluster.condition("Ready", "False", "InvalidMetricConfig", of: name)
                    let message = condition["message"]?.stringValue ?? ""
                    #expect(
                        message.contains("spec.metrics[0].config.\(field): is ") && message.contains("remove it"),
                        "\(message)")
                }
            }
        }
    }
}
