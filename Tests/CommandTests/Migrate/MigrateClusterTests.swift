import ClusterSimulator
import FoundationEssentials
import Logging
import ServiceLifecycle
import Testing
import WireFormats
import YAMLFormat

@Suite("generalscaler migrate in a cluster", .timeLimit(.minutes(2)))
struct MigrateClusterTests {
    /// Runs the body with a cluster that has KEDA's resource definitions, and the path of its kubeconfig.
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
                for (kind, plural) in [
                    ("ScaledObject", "scaledobjects"), ("TriggerAuthentication", "triggerauthentications"),
                ] {
                    try simulator.api.create(Self.definition(kind, plural))
                }
                try await body(simulator.api, kubeconfig)
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private static func definition(_ kind: String, _ plural: String) -> JSON {
        [
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": ["name": .string("\(plural).keda.sh")],
            "spec": [
                "group": "keda.sh", "scope": "Namespaced",
                "names": ["kind": .string(kind), "plural": .string(plural), "singular": .string(kind.lowercased())],
                "versions": [
                    [
                        "name": "v1alpha1", "served": true, "storage": true,
                        "schema": [
                            "openAPIV3Schema": ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
                        ],
                    ]
                ],
            ],
        ]
    }

    private static let objects = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: worker, namespace: shop}
        spec:
          replicas: 1
          selector: {matchLabels: {app: worker}}
          template:
            metadata: {labels: {app: worker}}
            spec:
              containers:
                - name: worker
                  image: registry.example.com/worker:1
                  env:
                    - {name: QUEUE, value: jobs}
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: worker, namespace: shop}
        spec:
          scaleTargetRef: {name: worker}
          triggers:
            - type: redis
              metadata: {address: "redis.shop:6379", listName: jobs}
              authenticationRef: {name: redis}
        ---
        apiVersion: keda.sh/v1alpha1
        kind: TriggerAuthentication
        metadata: {name: redis, namespace: shop}
        spec: {secretTargetRef: [{parameter: password, name: redis, key: password}]}
        ---
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web, namespace: shop}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          minReplicas: 2
          maxReplicas: 9
          metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
        """

    @Test("the scalers of a cluster are converted with their authentications, and the cluster stays as it is")
    func cluster() async throws {
        try await withCluster { api, kubeconfig in
            for document in try YAMLFile(parsing: Self.objects).documents { try api.create(document.json) }
            let outcome = try await Program.run("migrate", "--kubeconfig", kubeconfig, "--namespace", "shop", "--json")
            #expect(outcome.code == 0, "\(outcome.errors)\(outcome.output)")
            #expect(outcome.errors.isEmpty, "\(outcome.errors)")
            let json = try JSON(parsing: outcome.output)
            #expect(json["scalers"]?.arrayValue?.count == 2)
            let worker = json["scalers"]?.arrayValue?.first { $0["metadata"]?["name"] == "worker" }
            let password = worker?["spec"]?["metrics"]?[0]?["config"]?["password"]
            #expect(password == ["valueFrom": ["secretKeyRef": ["name": "redis", "key": "password"]]])
        }
    }

    @Test("a cluster without KEDA and without an HPA has nothing to migrate")
    func empty() async throws {
        try await withCluster { _, kubeconfig in
            let outcome = try await Program.run("migrate", "--kubeconfig", kubeconfig)
            #expect(outcome.code == 2)
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }
    }
}
