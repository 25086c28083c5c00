import ClusterSimulator
import PluginSDK
import Testing
import WireFormats

@testable import generalscaler_plugin_kubernetes

@Suite("kubernetes-external and kubernetes-custom", .timeLimit(.minutes(1)))
struct AdapterTests {
    private func external(_ cluster: SimulatedAPI, _ config: [String: JSON]) async throws -> MetricReading {
        try await ExternalPlugin(cluster.lists()).value(
            for: cluster.request(ExternalPlugin.Config.self, config, targetType: .averageValue))
    }

    private func custom(
        _ cluster: SimulatedAPI, _ config: [String: JSON], targetType: TargetType = .value
    ) async throws -> MetricReading {
        try await CustomPlugin(cluster.lists()).value(
            for: cluster.request(CustomPlugin.Config.self, config, targetType: targetType))
    }

    @Test("an external metric is the sum of its series in the scaler's namespace")
    func external() async throws {
        let cluster = try SimulatedAPI()
        cluster.api.serveExternalMetrics()
        cluster.api.setExternalMetric(
            "s0-orders", in: SimulatedAPI.namespace,
            to: [.init(labels: ["region": "eu"], value: "2500m"), .init(labels: ["region": "us"], value: "1Ki")])
        cluster.api.setExternalMetric("s0-orders", in: "other", to: [.init(value: "7")])
        let all = try await external(cluster, ["metric": "s0-orders"])
        #expect(all.value == 1_026.5 && all.detail == "the sum of 2 values")
        #expect(all.observedAtMicroseconds == cluster.timeMicroseconds / 1_000_000 * 1_000_000)
        #expect(try await external(cluster, ["metric": "s0-orders", "selector": "region=eu"]).value == 2.5)
        let none = await failure { try await external(cluster, ["metric": "s0-orders", "selector": "region=asia"]) }
        #expect(none?.kind == .noData)
        let unknown = await failure { try await external(cluster, ["metric": "other"]) }
        #expect(unknown?.kind == .notFound && unknown?.path == "metric")
        #expect(unknown?.message.contains("the server could not find the metric other") == true)
    }

    @Test(
        "a custom metric of pods is their average, with either version of the API", arguments: ["v1beta1", "v1beta2"])
    func pods(version: String) async throws {
        let cluster = try SimulatedAPI()
        try cluster.deploy(replicas: 3)
        try cluster.deploy("api", replicas: 1)
        cluster.api.serveCustomMetrics(versions: [version])
        for (name, value) in [("web-0", "10"), ("web-1", "20500m"), ("api-0", "999")] {
            cluster.api.setCustomMetric("requests", of: "pods", name, in: SimulatedAPI.namespace, to: value)
        }
        let config: [String: JSON] = ["metric": "requests", "podSelector": "app=web", "target": "100"]
        let reading = try await custom(cluster, config)
        // The missing pod counts as at the target: (10 + 20.5 + 100) / 3.
        #expect(abs(reading.value - 43.5) < 1e-9)
        #expect(reading.detail == "2 of 3 pods count, 1 without a value")
        #expect(
            cluster.paths.contains {
                $0.hasPrefix("/apis/custom.metrics.k8s.io/\(version)/namespaces/shop/pods/*/requests")
            })
        let perReplica = await failure { try await custom(cluster, config, targetType: .averageValue) }
        #expect(perReplica?.kind == .configInvalid)
    }

    @Test("a custom metric of an object, and of the namespace, is its value")
    func object() async throws {
        let cluster = try SimulatedAPI()
        cluster.api.serveCustomMetrics()
        cluster.api.setCustomMetric(
            "rps", of: "ingresses.networking.k8s.io", "web", in: SimulatedAPI.namespace, to: "1500m")
        cluster.api.setCustomMetric("pods", of: "namespaces", "shop", in: SimulatedAPI.namespace, to: "12")
        let ingress: JSON = ["resource": "ingresses.networking.k8s.io", "name": "web"]
        let reading = try await custom(cluster, ["metric": "rps", "object": ingress], targetType: .averageValue)
        #expect(reading.value == 1.5)
        let namespace = try await custom(
            cluster, ["metric": "pods", "object": ["resource": "namespaces"]], targetType: .value)
        #expect(namespace.value == 12)
        let unknown = await failure {
            try await custom(cluster, ["metric": "rps", "object": ["resource": "services", "name": "web"]])
        }
        #expect(unknown?.kind == .notFound)
    }

    @Test("without an adapter the message says what to install")
    func noAdapter() async throws {
        let cluster = try SimulatedAPI()
        let ofPods = await failure { try await custom(cluster, ["metric": "a", "podSelector": "app=web"]) }
        #expect(ofPods?.kind == .notFound && ofPods?.message.contains("install an adapter") == true)
        let ofQueue = await failure { try await external(cluster, ["metric": "a"]) }
        #expect(ofQueue?.kind == .notFound && ofQueue?.message.contains("KEDA") == true)
    }

    @Test(
        "a name that would leave its part of the path is refused",
        arguments: ["..", ".", "a/b", "", "a\u{1}", String(repeating: "a", count: 254)])
    func paths(name: String) {
        #expect(throws: ConfigProblems.self) {
            try ExternalPlugin.Config(config: JSONReader(["metric": .string(name)]))
        }
        #expect(throws: ConfigProblems.self) {
            try CustomPlugin.Config(
                config: JSONReader(["metric": "a", "object": ["resource": "services", "name": .string(name)]]))
        }
    }
}

/// Answers of servers that are not an API server, or broken.
@Suite("Malformed answers", .timeLimit(.minutes(1)))
struct MalformedAnswerTests {
    @Test(
        "a malformed list of values is an error, never a value",
        arguments: [
            "", "<html>", "[]", "{}", #"{"items":{}}"#, #"{"items":[{}]}"#, #"{"items":[{"value":"x"}]}"#,
            #"{"items":[{"value":null}]}"#, #"{"items":[{"value":"1","timestamp":"yesterday"}]}"#,
            #"{"items":[{"value":"1","timestamp":7}]}"#, #"{"items":[{"value":"1"}]} x"#, #"{"items":[{"value":"1"}"#,
        ])
    func values(body: String) {
        #expect(throws: PluginError.self) { try MetricValue.list(Array(body.utf8), of: "x", readAt: 0) }
    }

    @Test("a value without a time is as old as its answer, and a number counts as a quantity")
    func lenient() throws {
        let values = try MetricValue.list(
            Array(#"{"items":[{"value":"1k","timestamp":null},{"value":7}]}"#.utf8), of: "x", readAt: 5)
        #expect(values.map(\.value) == [1_000, 7] && values.allSatisfy { $0.timestamp == 5 })
        #expect(try MetricValue.list(Array(#"{"items":null}"#.utf8), of: "x", readAt: 0).isEmpty)
    }

    @Test(
        "metrics of a pod with a malformed part are an error",
        arguments: [
            #"{}"#, #"{"metadata":{"name":"a"}}"#,
            #"{"metadata":{"name":"a"},"timestamp":"2026-11-30T01:23:45Z"}"#,
            #"{"metadata":{"name":"a"},"timestamp":"2026-11-30T01:23:45Z","window":"x"}"#,
            #"{"metadata":{"name":"a"},"timestamp":"2026-11-30T01:23:45Z","window":"30s","containers":[{"name":"b","usage":{"cpu":"1x"}}]}"#,
        ])
    func podMetrics(body: String) throws {
        let json = try JSON(parsing: body)
        #expect(throws: PluginError.self) { try PodMetrics(json) }
    }

    @Test("a pod whose metrics lack one container has no value")
    func partial() throws {
        let json = try JSON(
            parsing: #"""
                {"metadata":{"name":"a"},"timestamp":"2026-11-30T01:23:45Z","window":"30s",
                 "containers":[{"name":"b","usage":{"cpu":"1"}},{"name":"c","usage":{"memory":"1"}}]}
                """#)
        let metrics = try PodMetrics(json)
        #expect(metrics.usage(of: .cpu, container: nil) == nil)
        #expect(metrics.usage(of: .cpu, container: "b") == 1)
        #expect(metrics.usage(of: .cpu, container: "c") == nil)
        #expect(metrics.usage(of: .cpu, container: "d") == nil)
    }

    @Test("requests of a pod: its own before those of its containers, with sidecars and overhead")
    func requests() throws {
        func pod(_ spec: JSON) throws -> Pod { try Pod(["metadata": ["name": "a"], "spec": spec]) }
        func container(_ name: JSON, _ cpu: JSON, _ more: [String: JSON] = [:]) -> JSON {
            .object(["name": name, "resources": ["requests": ["cpu": cpu]]].merging(more) { $1 })
        }
        let sidecar = container("proxy", "100m", ["restartPolicy": "Always"])
        let both = try pod([
            "containers": [container("app", "250m")], "initContainers": [sidecar, container("setup", "5")],
        ])
        #expect(try both.request(of: .cpu, container: nil) == 0.35)
        #expect(try both.request(of: .cpu, container: "proxy") == 0.1)
        let own = try pod([
            "containers": [container("app", "250m")], "resources": ["requests": ["cpu": "2"]],
            "overhead": ["cpu": "50m"],
        ])
        #expect(try own.request(of: .cpu, container: nil) == 2.05)
        #expect(try own.request(of: .cpu, container: "app") == 0.25)
    }
}
