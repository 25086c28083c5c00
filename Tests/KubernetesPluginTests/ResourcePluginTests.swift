import ClusterSimulator
import PluginSDK
import Testing
import WireFormats

@testable import generalscaler_plugin_kubernetes

@Suite("kubernetes-resource", .timeLimit(.minutes(1)))
struct ResourcePluginTests {
    private typealias Config = ResourcePlugin.Config

    private static let cpu: [String: JSON] = ["resource": "cpu", "podSelector": "app=web", "target": "60"]

    /// Reports the same usage for each pod, by name if one is given.
    private static func serve(
        _ cluster: SimulatedAPI, _ usage: [String: String], except names: Set<String> = [], window: String = "30s"
    ) {
        cluster.api.serveResourceMetrics { pods in
            var usages: [String: PodUsage] = [:]
            for name in pods.compactMap({ $0["metadata"]?["name"]?.stringValue }) where !names.contains(name) {
                usages[name] = PodUsage(["app": usage], window: window)
            }
            return usages
        }
    }

    private func read(
        _ cluster: SimulatedAPI, _ config: [String: JSON], targetType: TargetType = .value, token: String? = nil,
        namespace: String = SimulatedAPI.namespace
    ) async throws -> MetricReading {
        try await ResourcePlugin(cluster.lists()).value(
            for: cluster.request(Config.self, config, namespace: namespace, targetType: targetType, token: token))
    }

    @Test("utilization is the percentage of the requests, from the pods of the target only")
    func utilization() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 3)
        try cluster.deploy("api", replicas: 2, requests: ["cpu": "1"])
        cluster.advance(by: 301)
        Self.serve(cluster, ["cpu": "123456789n", "memory": "48Mi"])
        let reading = try await read(cluster, Self.cpu)
        #expect(abs(reading.value - 61.7283945) < 1e-9)
        #expect(reading.unit == "%")
        #expect(reading.detail == "3 of 3 pods count")
        // 7 s before now, in whole seconds as metrics-server writes them.
        #expect(reading.observedAtMicroseconds == (cluster.timeMicroseconds / 1_000_000 - 7) * 1_000_000)
        let memory = try await read(cluster, ["resource": "memory", "podSelector": "app=web"])
        #expect(memory.value == 75)
    }

    @Test("an AverageValue is in cores or bytes per pod, and needs no requests")
    func averageValue() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 2, requests: [:])
        cluster.advance(by: 301)
        Self.serve(cluster, ["cpu": "250m", "memory": "48Mi"])
        let config = Self.cpu.merging(["measure": "AverageValue"]) { $1 }
        let cores = try await read(cluster, config)
        #expect(cores.value == 0.25 && cores.unit == "cores")
        let bytes = try await read(cluster, config.merging(["resource": "memory"]) { $1 })
        #expect(bytes.value == 50_331_648 && bytes.unit == "bytes")
    }

    @Test("new pods do not count for CPU until they have been ready for a window, but count for memory")
    func starting() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 2)
        Self.serve(cluster, ["cpu": "200m", "memory": "64Mi"])
        let error = await failure { try await read(cluster, Self.cpu) }
        #expect(error?.kind == .noData)
        #expect(error?.message.contains("no pod has a value yet: 0 of 2 pods count, 2 not ready or starting") == true)
        #expect(try await read(cluster, ["resource": "memory", "podSelector": "app=web"]).value == 100)
        cluster.advance(by: 37)
        #expect(try await read(cluster, Self.cpu).value == 100)
    }

    @Test("pods without a value are assumed to use all of their request before pods are removed")
    func missing() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 4)
        cluster.advance(by: 301)
        Self.serve(cluster, ["cpu": "20m"], except: ["web-3"])
        let reading = try await read(cluster, Self.cpu)
        #expect(abs(reading.value - 32.5) < 1e-9)
        #expect(reading.detail == "3 of 4 pods count, 1 without a value")
        Self.serve(cluster, ["cpu": "20m"], except: ["web-1", "web-2", "web-3"])
        cluster.advance(by: 6)
        #expect(try await read(cluster, Self.cpu).value == 60)
    }

    @Test("a container of its own is read, and one that does not exist is named")
    func container() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 1)
        cluster.advance(by: 301)
        cluster.api.serveResourceMetrics { _ in
            ["web-0": PodUsage(["app": ["cpu": "50m"], "proxy": ["cpu": "900m"]])]
        }
        #expect(try await read(cluster, Self.cpu.merging(["container": "app"]) { $1 }).value == 25)
        let error = await failure { try await read(cluster, Self.cpu.merging(["container": "proxy"]) { $1 }) }
        #expect(error?.kind == .configInvalid && error?.path == "container")
        #expect(error?.message.contains("Pod web-0 has no container proxy") == true)
    }

    @Test("a container without a request makes utilization an error with the fix")
    func withoutRequest() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 1, requests: ["memory": "1Gi"])
        cluster.advance(by: 301)
        Self.serve(cluster, ["cpu": "50m"])
        let error = await failure { try await read(cluster, Self.cpu) }
        #expect(error?.kind == .configInvalid)
        #expect(error?.message.contains("container app of Pod web-0 has no cpu request") == true)
        #expect(error?.message.contains("resources.requests.cpu") == true)
    }

    @Test("no pods, no metrics API, no rights, a bad token and an outage are errors of their kind")
    func errors() async throws {
        let cluster = try SimulatedAPI()
        let none = await failure { try await read(cluster, Self.cpu) }
        #expect(none?.kind == .notFound && none?.message.contains("install metrics-server") == true)
        Self.serve(cluster, ["cpu": "50m"])
        let empty = await failure { try await read(cluster, Self.cpu) }
        #expect(empty?.kind == .noData && empty?.message.contains("has no pods") == true)
        let unknown = await failure { try await read(cluster, ["resource": "cpu"]) }
        #expect(unknown?.kind == .notFound)
        let token = await failure { try await read(cluster, Self.cpu, token: "wrong") }
        #expect(token?.kind == .authFailed && token?.path == "token")
        #expect(token?.message.contains("wrong") == false)
        let perReplica = await failure { try await read(cluster, Self.cpu, targetType: .averageValue) }
        #expect(perReplica?.kind == .configInvalid && perReplica?.message.contains("remove targetType") == true)
        cluster.api.addFault(
            FaultRule(
                .refuse(StatusError(503, "ServiceUnavailable", "the server is currently unable to handle the request")),
                resource: "pods"))
        let outage = await failure { try await read(cluster, Self.cpu) }
        #expect(outage?.kind == .sourceUnreachable)
        #expect(outage?.message.contains("kubectl get apiservice v1beta1.metrics.k8s.io") == true)
        let forbidden = try SimulatedAPI(rules: [["apiGroups": [""], "resources": ["pods"], "verbs": ["list"]]])
        Self.serve(forbidden, ["cpu": "50m"])
        let denied = await failure { try await read(forbidden, Self.cpu) }
        #expect(denied?.kind == .authFailed)
        #expect(denied?.message.contains("pods.metrics.k8s.io is forbidden") == true)
        #expect(denied?.message.contains("kubernetesPlugin.enabled") == true)
    }

    @Test("without a token the message names the administrator's setting")
    func withoutToken() async throws {
        let cluster = try SimulatedAPI()
        let request = try cluster.request(Config.self, Self.cpu.merging(["token": .null]) { $1 }, targetType: .value)
        let error = await failure { try await ResourcePlugin(cluster.lists()).value(for: request) }
        #expect(error?.kind == .configInvalid && error?.path == "token")
        #expect(error?.message.contains("kubernetesPlugin.enabled") == true)
    }
}

@Suite("Shared lists", .timeLimit(.minutes(1)))
struct SharedListTests {
    private static func config(_ app: String) -> [String: JSON] {
        ["resource": "memory", "podSelector": .string("app=\(app)"), "measure": "AverageValue"]
    }

    @Test("all scalers of a namespace share one list of pods and one of metrics every 5 s")
    func shared() async throws {
        let cluster = try SimulatedAPI()
        for number in 0..<5 { try cluster.deploy("app\(number)", replicas: 2) }
        cluster.api.serveResourceMetrics { pods in
            Dictionary(
                uniqueKeysWithValues: pods.compactMap { $0["metadata"]?["name"]?.stringValue }.map {
                    ($0, PodUsage(["app": ["memory": "1Mi"]]))
                })
        }
        let plugin = ResourcePlugin(cluster.lists())
        func readAll() async throws {
            try await withThrowingTaskGroup(of: Double.self) { group in
                for number in 0..<100 {
                    let request = try cluster.request(
                        ResourcePlugin.Config.self, Self.config("app\(number % 5)"), targetType: .value)
                    group.addTask { try await plugin.value(for: request).value }
                }
                for try await value in group { #expect(value == 1_048_576) }
            }
        }
        try await readAll()
        #expect(cluster.paths.count == 2)
        cluster.advance(by: 4)
        try await readAll()
        #expect(cluster.paths.count == 2)
        cluster.advance(by: 1)
        try await readAll()
        #expect(cluster.paths.count == 4)
        #expect(cluster.paths.allSatisfy { $0.contains("/namespaces/shop/pods?limit=250") })
    }

    @Test("another namespace, and another token, have separate lists")
    func separate() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy("web", replicas: 1)
        cluster.api.serveResourceMetrics { _ in ["web-0": PodUsage(["app": ["memory": "1Mi"]])] }
        let plugin = ResourcePlugin(cluster.lists())
        let own = try cluster.request(ResourcePlugin.Config.self, Self.config("web"), targetType: .value)
        _ = try await plugin.value(for: own)
        let other = try cluster.request(
            ResourcePlugin.Config.self, Self.config("web"), namespace: "other", targetType: .value)
        #expect(await failure { try await plugin.value(for: other) }?.kind == .noData)
        let stranger = try cluster.request(
            ResourcePlugin.Config.self, Self.config("web"), targetType: .value, token: "wrong")
        #expect(await failure { try await plugin.value(for: stranger) }?.kind == .authFailed)
    }

    @Test("a list in pages is read to its end")
    func pages() async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 620)
        let plugin = ObjectsPlugin(cluster.lists())
        let request = try cluster.request(ObjectsPlugin.Config.self, ["resource": "pods"], targetType: .averageValue)
        #expect(try await plugin.value(for: request).value == 620)
        #expect(cluster.paths.count == 3)
    }
}
