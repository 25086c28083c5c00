import Foundation
import KubernetesClient
import Subprocess
import SystemPackage
import TestSupport
import Testing
import WireFormats

/// What a user types, where `kubectl` is installed.
@Suite("kubectl", .timeLimit(.minutes(3)), .enabled(if: isKubectlInstalled, "kubectl is not installed"))
struct KubectlTests {
    private func kubectl(_ cluster: TestCluster, _ arguments: String...) async throws -> String {
        let all = ["--kubeconfig", cluster.kubeconfig, "--namespace", cluster.namespace] + arguments
        let result = try await Subprocess.run(
            .name("kubectl"), arguments: Arguments(all), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20)
        )
        #expect(result.terminationStatus.isSuccess, "kubectl \(arguments): \(result.standardError)")
        return result.standardOutput + result.standardError
    }

    @Test("apply, get, describe, explain, scale and delete work, and show what the operator does")
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
                // The same file again changes nothing, whatever kubectl calls it.
                _ = try await kubectl(cluster, "apply", "-f", file.path)
                let object = try await cluster.client.get(.scaler, cluster.key("web"))
                #expect(object["metadata"]?["generation"] == 1)
                try await TestOperator.run(on: cluster, prometheus: prometheus.address) { _ in
                    try await cluster.wait(for: .scaler, cluster.key("web")) { $0["status"]?["currentReplicas"] == 6 }
                    try await cluster.event("Scaled", of: "web")
                    let table = try await kubectl(cluster, "get", "gs", "web").split(separator: "\n")
                    let columns = table.first?.split(separator: " ").map(String.init)
                    #expect(columns == ["NAME", "TARGET", "MIN", "MAX", "REPLICAS", "DESIRED", "REASON", "AGE"])
                    let row = table.last?.split(separator: " ").prefix(6).map(String.init)
                    #expect(row == ["web", "Deployment/web", "1", "10", "6", "6"])
                    let description = try await kubectl(cluster, "describe", "gs", "web")
                    #expect(description.contains("Scale from 2 to 6"))
                    // Someone scales by hand: seen, and not undone before the scale-down cooldown.
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
}

let isKubectlInstalled = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/kubectl")
}
