import ClusterSimulator
import PluginSDK
import Testing
import WireFormats

@testable import generalscaler_plugin_kubernetes

@Suite("kubernetes-objects", .timeLimit(.minutes(1)))
struct ObjectsPluginTests {
    private typealias Config = ObjectsPlugin.Config

    private func create(
        _ cluster: SimulatedAPI, _ name: String, namespace: String = SimulatedAPI.namespace, labels: JSON = [:],
        phase: String
    ) throws {
        try cluster.api.create([
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": labels],
            "spec": ["containers": [["name": "app", "image": "app"]]],
        ])
        try cluster.api.patch(
            "/api/v1/namespaces/\(namespace)/pods/\(name)/status", ["status": ["phase": .string(phase)]])
    }

    private func count(_ plugin: ObjectsPlugin, _ cluster: SimulatedAPI, _ config: [String: JSON]) async throws
        -> Double
    {
        try await plugin.value(for: cluster.request(Config.self, config, targetType: .averageValue)).value
    }

    @Test("objects of the scaler's namespace are counted by labels and fields, and none is 0")
    func counts() async throws {
        let cluster = try SimulatedAPI()
        try create(cluster, "a", labels: ["queue": "orders"], phase: "Pending")
        try create(cluster, "b", labels: ["queue": "orders"], phase: "Running")
        try create(cluster, "c", labels: ["queue": "mail"], phase: "Pending")
        try create(cluster, "d", namespace: "other", labels: ["queue": "orders"], phase: "Pending")
        let plugin = ObjectsPlugin(cluster.lists())
        #expect(try await count(plugin, cluster, ["resource": "pods"]) == 3)
        #expect(try await count(plugin, cluster, ["resource": "pods", "selector": "queue=orders"]) == 2)
        #expect(try await count(plugin, cluster, ["resource": "pods", "fields": "status.phase=Pending"]) == 2)
        #expect(
            try await count(
                plugin, cluster, ["resource": "pods", "selector": "queue in (mail)", "fields": "status.phase!=Pending"])
                == 0)
    }

    @Test("a list has the fields that all scalers of the namespace need")
    func sharedFields() async throws {
        let cluster = try SimulatedAPI()
        try create(cluster, "a", phase: "Pending")
        let plugin = ObjectsPlugin(cluster.lists())
        let configs: [[String: JSON]] = [
            ["resource": "pods", "fields": "status.phase=Pending"], ["resource": "pods", "fields": "spec.nodeName="],
            ["resource": "pods", "selector": "!app"],
        ]
        for config in configs { #expect(try await count(plugin, cluster, config) == 1) }
        let first = cluster.paths.count
        #expect(first <= 2)
        cluster.advance(by: 5)
        for config in configs { #expect(try await count(plugin, cluster, config) == 1) }
        #expect(cluster.paths.count == first + 1)
    }

    @Test("a kind that the chart does not name, and one that does not exist, are errors with the fix")
    func refused() async throws {
        let cluster = try SimulatedAPI()
        let plugin = ObjectsPlugin(cluster.lists())
        let secrets = await failure { try await count(plugin, cluster, ["resource": "configmaps"]) }
        #expect(secrets?.kind == .authFailed && secrets?.message.contains("kubernetesPlugin.objects") == true)
        let allowed = try SimulatedAPI(rules: [["apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]]])
        let unknown = await failure {
            try await count(ObjectsPlugin(allowed.lists()), allowed, ["resource": "jobs", "apiVersion": "batch/v7"])
        }
        #expect(unknown?.kind == .notFound && unknown?.message.contains("kubectl api-resources") == true)
    }

    @Test(
        "a resource or version that is not one is refused",
        arguments: [
            ["resource": "Pods"], ["resource": "pods/log"], ["resource": ".."], ["resource": "jobs.batch"],
            ["resource": "jobs", "apiVersion": "batch/v1/namespaces/kube-system"],
            ["resource": "jobs", "apiVersion": "../v1"], ["resource": "jobs", "apiVersion": ""],
            ["resource": "jobs", "fields": "data.x=1"], ["resource": "jobs", "selector": "a b"],
            ["apiVersion": "v1"], ["resource": "pods", "address": "ftp://a"],
        ] as [JSON])
    func invalid(config: JSON) {
        #expect(throws: ConfigProblems.self) { try Config(config: JSONReader(config)) }
    }
}
