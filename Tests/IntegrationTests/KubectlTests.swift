import Foundation
import KubernetesClient
import TestSupport
import Testing
import WireFormats

/// Commands of users, if `kubectl` is installed.
@Suite("kubectl", .timeLimit(.minutes(3)), .enabled(if: Kubectl.isInstalled, "kubectl is not installed"))
struct KubectlTests {
    private func kubectl(_ cluster: TestCluster, _ arguments: String...) async throws -> String {
        let result = try await Kubectl.run(
            ["--kubeconfig", cluster.kubeconfig, "--namespace", cluster.namespace] + arguments)
        #expect(result.isSuccess, "kubectl \(arguments): \(result.output)")
        return result.output
    }

    @Test("kubectl apply, get, describe, explain, scale and delete work, and show the operator's state")
    func tour() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                try await cluster.createWorkload("web")
                let file = cluster.directory.appending(path: "scaler.yaml")
                try Data(
                    """
                    apiVersion: autoscaling.example.com/v1
                    kind: GeneralScaler
                    metadata: {name: web}
                    spec:
                      targetDeployment: web
                      maxReplicas: 10
                      pollingIntervalSeconds: 1
                      metrics:
                        - {type: prometheus, config: {query: vector(12)}, targetValue: 2, targetType: AverageValue}
                    """.utf8
                ).write(to: file)
                #expect(try await kubectl(cluster, "apply", "-f", file.path).contains("web created"))
                // Applying the same file again changes nothing, regardless of kubectl's output.
                _ = try await kubectl(cluster, "apply", "-f", file.path)
                let object = try await cluster.client.get(.scaler, cluster.key("web"))
                #expect(object["metadata"]?["generation"] == 1)
                try await TestOperator.run(on: cluster, prometheus: prometheus.address) { _ in
                    try await cluster.wait(for: .scaler, cluster.key("web")) { $0["status"]?["currentReplicas"] == 6 }
                    try await cluster.event("Scaled", of: "web")
                    let table = try await kubectl(cluster, "get", "gs", "web").split(separator: "\n")
                    let header = table.first?.replacing("LIMITED BY", with: "LIMITED-BY")
                    let columns = header?.split(separator: " ").map(String.init)
                    #expect(columns == ["NAME", "READY", "TARGET", "METRIC", "REPLICAS", "LIMITED-BY", "AGE"])
                    let row = table.last?.split(separator: " ").prefix(6).map(String.init)
                    #expect(row == ["web", "True", "Deployment/web", "12/2", "each", "6/6"])
                    #expect(table.allSatisfy { $0.count <= 120 })
                    let wide = try await kubectl(cluster, "get", "gs", "web", "-o", "wide")
                    #expect(wide.contains("which asks for 6"))
                    let description = try await kubectl(cluster, "describe", "gs", "web")
                    #expect(description.contains("Scale from 2 to 6"))
                    // A user scales manually, which is detected, and not reverted before the scale-down cooldown.
                    _ = try await kubectl(cluster, "scale", "deployment/web", "--replicas=9")
                    try await cluster.wait(for: .scaler, cluster.key("web")) { $0["status"]?["currentReplicas"] == 9 }
                    #expect(try await cluster.replicas(of: "web") == 9)
                }
                let explained = try await kubectl(cluster, "explain", "gs.spec.maxReplicas")
                #expect(explained.contains("maxReplicas"))
                #expect(try await kubectl(cluster, "delete", "gs", "web").contains("deleted"))
                #expect(try await cluster.replicas(of: "web") == 9)
            }
        }
    }

    @Test("objects that kubectl create generates are accepted, as protobuf since kubectl 1.32")
    func createCommands() async throws {
        try await TestCluster.run { cluster in
            let other = "\(cluster.namespace)-b"
            #expect(try await kubectl(cluster, "create", "namespace", other).contains("created"))
            _ = try await kubectl(cluster, "create", "deployment", "web", "--image=app:1", "--replicas=3", "--port=80")
            #expect(try await cluster.replicas(of: "web") == 3)
            _ = try await kubectl(cluster, "create", "deployment", "zero", "--image=app:1", "--replicas=0")
            #expect(try await cluster.replicas(of: "zero") == 0)
            _ = try await kubectl(cluster, "create", "configmap", "settings", "--from-literal=mode=fast")
            let mode = try await kubectl(cluster, "get", "configmap", "settings", "-o", "jsonpath={.data.mode}")
            #expect(mode == "fast")
            _ = try await kubectl(cluster, "create", "secret", "generic", "login", "--from-literal=password=p w")
            let password = try await kubectl(cluster, "get", "secret", "login", "-o", "jsonpath={.data.password}")
            #expect(password == "cCB3")
            _ = try await kubectl(cluster, "create", "serviceaccount", "robot")
            #expect(try await !kubectl(cluster, "create", "token", "robot").isEmpty)
            _ = try await kubectl(cluster, "create", "role", "reader", "--verb=get", "--resource=pods")
            _ = try await kubectl(cluster, "create", "rolebinding", "readers", "--role=reader", "--serviceaccount=a:b")
            #expect(try await kubectl(cluster, "auth", "can-i", "get", "pods").contains("yes"))
            _ = try await kubectl(cluster, "expose", "deployment", "web", "--port=80", "--target-port=8080")
            let port = try await kubectl(cluster, "get", "service", "web", "-o", "jsonpath={.spec.ports[0].targetPort}")
            #expect(port == "8080")
            _ = try await kubectl(cluster, "autoscale", "deployment", "web", "--min=2", "--max=7", "--cpu-percent=53")
            let most = try await kubectl(cluster, "get", "hpa", "web", "-o", "jsonpath={.spec.maxReplicas}")
            #expect(most == "7")
            _ = try await kubectl(cluster, "scale", "deployment/web", "--replicas=5")
            #expect(try await cluster.replicas(of: "web") == 5)
            _ = try await kubectl(cluster, "set", "image", "deployment/web", "app=app:2")
            _ = try await kubectl(cluster, "delete", "deployment", "zero")
            _ = try await kubectl(cluster, "delete", "namespace", other)
        }
    }

    @Test("kubectl applies, changes, reads and deletes a List with GeneralScalers among its items")
    func lists() async throws {
        try await TestCluster.run { cluster in
            let list = """
                apiVersion: v1
                kind: List
                metadata: {resourceVersion: ""}
                items:
                - {apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: b}}
                - apiVersion: autoscaling.example.com/v1
                  kind: GeneralScaler
                  metadata: {name: web}
                  spec:
                    targetDeployment: web
                    maxReplicas: 7
                    metrics: [{type: prometheus, config: {query: up}, targetValue: 97}]
                """
            let file = cluster.directory.appending(path: "list.yaml")
            try Data(list.utf8).write(to: file)
            for flags in [["--dry-run=server"], [], [], ["--server-side", "--force-conflicts"]] {
                let result = try await Kubectl.run(
                    ["--kubeconfig", cluster.kubeconfig, "-n", cluster.namespace, "apply", "-f", file.path] + flags)
                #expect(result.isSuccess, "\(flags): \(result.output)")
            }
            try Data(list.replacing("7", with: "9").utf8).write(to: file)
            #expect(try await kubectl(cluster, "apply", "-f", file.path).contains("configured"))
            #expect(try await cluster.client.get(.scaler, cluster.key("web"))["spec"]?["maxReplicas"] == 9)
            let exported = try await kubectl(cluster, "get", "gs,configmap", "-o", "yaml")
            #expect(exported.contains("kind: List"))
            let mistaken = list.replacing("maxReplicas", with: "maxReplica")
            try Data(mistaken.utf8).write(to: file)
            let refused = try await Kubectl.run(
                ["--kubeconfig", cluster.kubeconfig, "-n", cluster.namespace, "apply", "-f", file.path])
            #expect(!refused.isSuccess && refused.output.contains("maxReplica"), "\(refused.output)")
            try Data(list.utf8).write(to: file)
            #expect(try await kubectl(cluster, "delete", "-f", file.path).contains("web\" deleted"))
        }
    }

    @Test("validate accepts and refuses the same manifests as kubectl, except for parts that kubectl would drop")
    func manifests() async throws {
        try await TestCluster.run { cluster in
            for input in ManifestInput.taken + ManifestInput.rejected where input.kubectl != .dependsOnVersion {
                let file = cluster.directory.appending(path: "input")
                try Data(input.bytes).write(to: file)
                let result = try await Kubectl.run(
                    [
                        "--kubeconfig", cluster.kubeconfig, "-n", cluster.namespace, "apply", "--dry-run=server", "-f",
                        file.path,
                    ])
                let isTaken =
                    switch input.expected {
                    case .valid: true
                    case .refused: input.kubectl == .takesIt
                    }
                #expect(result.isSuccess == isTaken, "\(input.name): \(result.output)")
            }
        }
    }
}
