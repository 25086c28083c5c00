import ClusterSimulator
import FoundationEssentials
import Logging
import ServiceLifecycle
import Testing
import WireFormats
import YAMLFormat

@Suite("generalscaler explain", .timeLimit(.minutes(2)))
struct ExplainCommandTests {
    /// Runs the body with a cluster that has the CustomResourceDefinition, and the path of its kubeconfig.
    private func withCluster(_ body: (APIServer, String) async throws -> Void) async throws {
        let time: @Sendable () -> Int64 = { Int64(Date.now.timeIntervalSince1970 * 1e6) }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let simulator = ClusterSimulator(
            configuration: .init(api: .init(now: time, makeUID: { UUID().uuidString.lowercased() })), logger: logger)
        let services = ServiceGroup(services: [simulator], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await Program.withDirectory { directory in
                let kubeconfig = "\(directory)/kubeconfig"
                try Program.write(try await simulator.kubeconfig(namespace: "shop"), to: kubeconfig)
                try simulator.api.create(["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "shop"]])
                let definition = try Data(contentsOf: URL(filePath: Program.file("deploy/crd.yaml")))
                try simulator.api.create(YAMLDocument.parse(String(decoding: definition, as: UTF8.self)))
                try await body(simulator.api, kubeconfig)
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    @Test("explain reads the object and its events")
    func explain() async throws {
        try await withCluster { api, kubeconfig in
            let object = try api.create([
                "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
                "metadata": ["name": "web", "namespace": "shop"],
                "spec": [
                    "targetDeployment": "web", "maxReplicas": 5,
                    "metrics": [["type": "prometheus", "targetValue": 100]],
                ],
            ])
            try api.create([
                "apiVersion": "events.k8s.io/v1", "kind": "Event",
                "metadata": ["name": "web.1", "namespace": "shop"],
                "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal", "reason": "Scaled", "action": "Scale",
                "note": "Scale from 1 to 2.", "reportingController": "a/b", "reportingInstance": "c",
                "regarding": [
                    "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler", "namespace": "shop",
                    "name": "web", "uid": object["metadata"]?["uid"] ?? nil,
                ],
            ])
            let outcome = try await Program.run("explain", "web", "-n", "shop", "--kubeconfig", kubeconfig)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("shop/web keeps Deployment/web between 1 and 5 replicas"))
            #expect(outcome.output.contains("ago: Scale from 1 to 2."))
            let unset = try await Program.run(
                "explain", "web", "-n", "", "--context", "", "--kubeconfig", kubeconfig)
            #expect(unset.output.hasPrefix("shop/web keeps Deployment/web between"), "\(unset.errors)")
        }
    }

    @Test("top prints scalers that are not ready or limited before the others")
    func top() async throws {
        try await withCluster { api, kubeconfig in
            let states: [(String, String, [String])] = [
                ("a", "True", []), ("b", "True", ["Cooldown"]), ("c", "False", ["NoData"]),
            ]
            for (name, ready, limits) in states {
                let scaler: JSON = [
                    "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
                    "metadata": ["name": .string(name), "namespace": "shop"],
                    "spec": [
                        "targetDeployment": "web", "maxReplicas": 5,
                        "metrics": [["type": "prometheus", "targetValue": 100]],
                    ],
                ]
                try api.create(scaler)
                var summary: [String: JSON] = ["metric": "350/100", "replicas": "3/4"]
                summary["limitedBy"] = limits.first.map { .string($0) }
                try api.patch(
                    "/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/\(name)/status",
                    [
                        "status": [
                            "targetName": "Deployment/web", "reason": "Keep 3.", "summary": .object(summary),
                            "limitedBy": .array(limits.map { .string($0) }),
                            "conditions": [
                                [
                                    "type": "Ready", "status": .string(ready), "reason": "A", "message": "b",
                                    "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1,
                                ]
                            ],
                        ]
                    ])
            }
            let outcome = try await Program.run("top", "--kubeconfig", kubeconfig)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(lines.dropFirst().map { $0[1] } == ["c", "b", "a"])
            #expect(
                lines.last == ["shop", "a", "True", "Deployment/web", "350/100", "3/4", "-", "Keep", "3."])
            let other = try await Program.run("top", "-n", "blog", "--kubeconfig", kubeconfig)
            #expect(other.output.split(separator: "\n").count == 1)
        }
    }

    @Test("explain reports a missing object in one line on stderr")
    func missing() async throws {
        try await withCluster { _, kubeconfig in
            let outcome = try await Program.run("explain", "nobody", "--kubeconfig", kubeconfig)
            #expect(outcome.code == 1)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.split(separator: "\n").count == 1)
            #expect(outcome.errors.contains("nobody"))
        }
    }
}
