import Foundation
import KubernetesClient
import Subprocess
import SystemPackage
import TestSupport
import Testing
import WireFormats

/// The commands of `docs/how-to/migrate-from-keda.md`, on a simulated cluster without KEDA: the test sets the condition
/// that KEDA would set.
@Suite(
    "The page about the migration from KEDA", .timeLimit(.minutes(5)),
    .enabled(if: Kubectl.isInstalled && TestCluster.isSimulated, "kubectl is not installed, or the cluster is real"))
struct MigrationPageTests {
    private static let page = "docs/how-to/migrate-from-keda.md"
    private static let scaledObject = ResourceKind(
        group: "keda.sh", version: "v1alpha1", kind: "ScaledObject", plural: "scaledobjects")

    /// Returns the blocks of commands of a section.
    private func commands(_ section: String, _ cluster: TestCluster) throws -> [String] {
        let text = try String(contentsOf: TestCluster.file(Self.page), encoding: .utf8)
        let found = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix(section) })
        return found.components(separatedBy: "```\n").enumerated().filter { $0.offset % 2 == 1 }.map {
            $0.element.replacingOccurrences(of: "-n shop", with: "-n \(cluster.namespace)")
        }
    }

    @discardableResult
    private func run(_ commands: String, _ cluster: TestCluster) async throws -> String {
        let path = "\(BuiltExecutable.directory):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-euo", "pipefail", "-c", commands],
            environment: .inherit.updating(["KUBECONFIG": cluster.kubeconfig, "PATH": path]),
            workingDirectory: FilePath(cluster.directory.path), input: .none, output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        let output = result.standardOutput + result.standardError
        #expect(result.terminationStatus.isSuccess, "\(commands)\(output)")
        return output
    }

    private func installScaledObject(_ cluster: TestCluster) async throws {
        let name = "scaledobjects.keda.sh"
        let schema: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        _ = try await cluster.client.create(
            .definition, in: "",
            [
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": ["name": .string(name)],
                "spec": [
                    "group": "keda.sh", "scope": "Namespaced",
                    "names": ["kind": "ScaledObject", "plural": "scaledobjects", "singular": "scaledobject"],
                    "versions": [
                        [
                            "name": "v1alpha1", "served": true, "storage": true, "subresources": ["status": [:]],
                            "schema": ["openAPIV3Schema": schema],
                        ]
                    ],
                ],
            ])
        try await cluster.wait(for: .definition, ObjectKey(namespace: "", name: name)) { $0["status"] != nil }
        _ = try await cluster.client.create(
            Self.scaledObject, in: cluster.namespace,
            [
                "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": ["name": "worker"],
                "spec": ["scaleTargetRef": ["name": "worker"], "maxReplicaCount": 9],
            ])
    }

    @Test("the commands of the page pause KEDA, activate the GeneralScaler, and roll back")
    func walkThrough() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                try await installScaledObject(cluster)
                try await cluster.createWorkload("worker", replicas: 2)
                try await cluster.createScaler("worker", ["mode": "DryRun"])
                try await TestOperator.run(on: cluster, prometheus: prometheus.address) { _ in
                    try await cluster.wait(for: .scaler, cluster.key("worker")) {
                        $0["status"]?["desiredReplicas"] == 6
                    }
                    let steps = try commands("4. Activate", cluster)
                    try #require(steps.count == 5)
                    try await run(steps[0], cluster)
                    let paused = #"{"status": {"conditions": [{"type": "Paused", "status": "True"}]}}"#
                    try await run(
                        "kubectl -n \(cluster.namespace) patch scaledobject worker --subresource status --type merge -p '\(paused)'",
                        cluster)
                    try await run(steps[1], cluster)
                    #expect(try await run(steps[2], cluster).contains("mode is DryRun"))
                    try await run(steps[3], cluster)
                    try await cluster.wait(for: .deployment, cluster.key("worker")) { $0["spec"]?["replicas"] == 6 }
                    try await run(steps[4], cluster)
                    let rollback = try commands("5. Roll back", cluster)
                    try #require(rollback.count == 2)
                    try await run(rollback[1], cluster)
                    try await run(rollback[0], cluster)
                    try await cluster.wait(for: .scaler, cluster.key("worker")) { $0["spec"]?["mode"] == "DryRun" }
                    let restored = try await cluster.client.get(Self.scaledObject, cluster.key("worker"))
                    #expect(restored["spec"]?["maxReplicaCount"] == 9)
                    #expect(try await cluster.replicas(of: "worker") == 6)
                }
            }
        }
    }
}
