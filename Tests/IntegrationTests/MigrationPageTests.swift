import Foundation
import KubernetesClient
import Subprocess
import SystemPackage
import TestSupport
import Testing
import WireFormats

/// The commands of `docs/how-to/migrate-from-keda.md`, on a simulated cluster with the objects of KEDA and an external scaler, but
/// without KEDA: the test sets the condition that KEDA would set.
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
        return found.components(separatedBy: "```\n").enumerated().filter { $0.offset % 2 == 1 }.map { _, block in
            [
                ("-n shop", "-n \(cluster.namespace)"), ("--namespace shop", "--namespace \(cluster.namespace)"),
                ("~/.kube/config", cluster.kubeconfig),
            ].reduce(block) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
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

    /// Installs the definitions of KEDA's kinds.
    private func installKeda(_ cluster: TestCluster) async throws {
        for kind in ["ScaledObject", "TriggerAuthentication"] {
            let plural = kind.lowercased() + "s"
            let schema: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
            _ = try await cluster.client.create(
                .definition, in: "",
                [
                    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                    "metadata": ["name": .string("\(plural).keda.sh")],
                    "spec": [
                        "group": "keda.sh", "scope": "Namespaced",
                        "names": [
                            "kind": .string(kind), "plural": .string(plural), "singular": .string(kind.lowercased()),
                        ],
                        "versions": [
                            [
                                "name": "v1alpha1", "served": true, "storage": true, "subresources": ["status": [:]],
                                "schema": ["openAPIV3Schema": schema],
                            ]
                        ],
                    ],
                ])
            try await cluster.wait(for: .definition, ObjectKey(namespace: "", name: "\(plural).keda.sh")) {
                $0["status"] != nil
            }
        }
    }

    /// The ScaledObject of `worker`, whose metric asks for 4 replicas, with its authentication.
    private func worker(_ prometheus: String) -> String {
        """
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: worker}
        spec:
          scaleTargetRef: {name: worker}
          minReplicaCount: 2
          maxReplicaCount: 9
          pollingInterval: 1
          triggers:
            - type: prometheus
              metadata: {serverAddress: "\(prometheus)", query: vector(12), threshold: "3", authModes: bearer}
              authenticationRef: {name: prometheus}
        ---
        apiVersion: keda.sh/v1alpha1
        kind: TriggerAuthentication
        metadata: {name: prometheus}
        spec: {secretTargetRef: [{parameter: bearerToken, name: prometheus-reader, key: token}]}

        """
    }

    /// The other objects: a ScaledObject of an external scaler that asks for 3 replicas, an HPA, and a Secret.
    private func others(_ scaler: String) -> String {
        """
        apiVersion: v1
        kind: Secret
        metadata: {name: prometheus-reader}
        stringData: {token: t0ken}
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: relay}
        spec:
          scaleTargetRef: {name: relay}
          minReplicaCount: 1
          pollingInterval: 1
          triggers:
            - type: external
              metadata: {scalerAddress: "\(scaler)", queue: relay, set: '{"value": 15, "active": true}'}
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          minReplicas: 2
          maxReplicas: 9
          metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]

        """
    }

    /// Writes the objects to files, and creates them.
    private func createSources(_ cluster: TestCluster, prometheus: String, scaler: String) async throws {
        try await installKeda(cluster)
        try await cluster.createWorkload("worker", replicas: 2)
        try await cluster.createWorkload("relay", replicas: 1)
        try await cluster.createWorkload("web", replicas: 2)
        for (name, text) in [("worker", worker(prometheus)), ("others", others(scaler))] {
            try Data(text.utf8).write(to: cluster.directory.appending(path: "\(name).yaml"))
            try await run("kubectl -n \(cluster.namespace) create -f \(name).yaml", cluster)
        }
    }

    /// Converts what is in the cluster, does the work on Secrets that the report lists, and creates the GeneralScalers.
    private func convert(_ cluster: TestCluster) async throws {
        let lines = try #require(try commands("1. Convert", cluster).first).split(separator: "\n")
        try #require(lines.count == 2)
        let report = try await run(String(lines[1]), cluster)
        let work = report.split(separator: "\n").filter { $0.hasPrefix("    kubectl ") }
        #expect(work.count == 1, "\(report)")
        try await run(work.joined(separator: "\n"), cluster)
        try await allowSecrets(cluster)
        let listed = try await run(try #require(try commands("3. Compare", cluster).first), cluster)
        for name in ["relay", "web", "worker"] { #expect(listed.contains("/\(name)"), "\(listed)") }
    }

    /// Allows the operator to read the Secrets of the namespace, as the linked page shows.
    private func allowSecrets(_ cluster: TestCluster) async throws {
        let text = try String(contentsOf: TestCluster.file("docs/how-to/secrets.md"), encoding: .utf8)
        let section = try #require(
            text.components(separatedBy: "\n## ").first { $0.hasPrefix("2. Allow the operator") })
        let role = section.components(separatedBy: "```yaml\n").last?.components(separatedBy: "```\n").first
        let own = try #require(role).replacingOccurrences(
            of: "namespace: shop", with: "namespace: \(cluster.namespace)"
        )
        .replacingOccurrences(of: "namespace: generalscaler-system", with: "namespace: \(cluster.namespace)")
        try Data(own.utf8).write(to: cluster.directory.appending(path: "role.yaml"))
        try await run("kubectl apply -f role.yaml", cluster)
    }

    /// Replays a trace of 20 minutes.
    private func compare(_ cluster: TestCluster) async throws {
        let rows = (0..<20).map { String(format: "2026-03-02T00:%02d:00Z,%d", $0, 4 + $0 % 9) }
        let trace = (["time,requests"] + rows).joined(separator: "\n")
        try Data(trace.utf8).write(to: cluster.directory.appending(path: "week.csv"))
        let blocks = try commands("3. Compare", cluster)
        try #require(blocks.count == 2)
        let replay = try #require(blocks[1].split(separator: "\n").last { $0.contains("--trace") })
        let report = try await run(String(replay), cluster)
        #expect(report.contains("Replay of worker beside KEDA and HPA"), "\(report)")
    }

    /// Activates a scaler in place of its ScaledObject, until the target has the replicas.
    private func activate(_ name: String, replicas: Int, _ cluster: TestCluster) async throws {
        let steps = try commands("4. Activate", cluster).map { $0.replacingOccurrences(of: "worker", with: name) }
        try #require(steps.count == 5)
        try await run(steps[0], cluster)
        // KEDA would set this after the annotation, for which the second step waits.
        let paused = #"{"status": {"conditions": [{"type": "Paused", "status": "True"}]}}"#
        try await run(
            "kubectl -n \(cluster.namespace) patch scaledobject \(name) --subresource status --type merge -p '\(paused)'",
            cluster)
        try await run(steps[1], cluster)
        #expect(try await run(steps[2], cluster).contains("mode is DryRun"))
        try await run(steps[3], cluster)
        try await cluster.wait(for: .deployment, cluster.key(name)) { $0["spec"]?["replicas"]?.intValue == replicas }
        try await run(steps[4], cluster)
    }

    /// Returns to KEDA after its ScaledObject was deleted, and by the annotation of the one that was created again.
    private func rollBack(_ name: String, replicas: Int, _ cluster: TestCluster) async throws {
        let steps = try commands("5. Roll back", cluster).map { $0.replacingOccurrences(of: "worker", with: name) }
        try #require(steps.count == 2)
        try await run(steps[1], cluster)
        try await run(steps[0], cluster)
        try await cluster.wait(for: .scaler, cluster.key(name)) { $0["spec"]?["mode"] == "DryRun" }
        let restored = try await cluster.client.get(Self.scaledObject, cluster.key(name))
        #expect(restored["spec"]?["pollingInterval"] == 1)
        #expect(try await cluster.replicas(of: name) == replicas)
    }

    @Test(
        "the commands of the page convert a cluster, compare both autoscalers, activate the GeneralScalers, and roll back"
    )
    func walkThrough() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                try await ExternalScaler.run { external in
                    try await createSources(cluster, prometheus: prometheus.address, scaler: external.address)
                    try await convert(cluster)
                    try await compare(cluster)
                    try await TestOperator.run(on: cluster, prometheus: prometheus.address) { _ in
                        for (name, before, replicas) in [("worker", 2, 4), ("relay", 1, 3)] {
                            try await cluster.wait(for: .scaler, cluster.key(name)) {
                                $0["status"]?["desiredReplicas"]?.intValue == replicas
                            }
                            #expect(try await cluster.replicas(of: name) == before)
                            try await activate(name, replicas: replicas, cluster)
                            try await rollBack(name, replicas: replicas, cluster)
                        }
                        let web = try await cluster.client.get(.scaler, cluster.key("web"))
                        #expect(web["spec"]?["mode"] == "DryRun")
                    }
                }
            }
        }
    }
}
