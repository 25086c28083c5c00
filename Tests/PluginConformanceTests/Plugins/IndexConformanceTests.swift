import Foundation
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

/// `conformance` in docs/reference/plugins/index.json, compared with a run of the plugin with a source that gives values.
@Suite("Conformance in the index of plugins", .timeLimit(.minutes(10)))
struct IndexConformanceTests {
    /// A plugin with a config whose source answers.
    private struct Subject {
        let plugin: String
        let command: PluginCommand
        var type: String?
        var config: JSON
    }

    private static func program(_ plugin: String) -> String { BuiltExecutable.path("generalscaler-plugin-\(plugin)") }

    private static func example(_ path: String) -> String { "\(CheckFixture.root)examples/plugins/\(path)" }

    /// Answers as the servers of all sources that are read over HTTP.
    private static let server: @Sendable (RawServer.Connection) -> Void = { connection in
        guard let head = connection.readHead() else { return }
        let path = String(head.split(separator: " ").dropFirst().first ?? "")
        let body = Self.answer(path)
        let status = body == nil ? "404 Not Found" : "200 OK"
        let text = body ?? "{}"
        connection.write(
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nMetadata-Flavor: Google\r\nConnection: close\r\n"
                + "Content-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }

    private static func answer(_ path: String) -> String? {
        let now = Date.now.addingTimeInterval(-7).formatted(.iso8601)
        if path.hasPrefix("/queue") { return #"{"messages": 7}"# }
        if path.hasPrefix("/api/v1/query") {
            return
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[\#(Int(Date.now.timeIntervalSince1970)),"7"]}]}}"#
        }
        if path.contains("/timeSeries") {
            return """
                {"timeSeries":[{"points":[{"interval":{"startTime":"\(now)","endTime":"\(now)"},"value":{"int64Value":"7"}}]}]}
                """
        }
        if path.contains("/computeMetadata/") {
            return path.contains("token") ? #"{"access_token":"t","expires_in":3600,"token_type":"Bearer"}"# : "shop"
        }
        return kubernetes(path, now)
    }

    private static func kubernetes(_ path: String, _ now: String) -> String? {
        if path.contains("/metrics.k8s.io/") {
            return
                #"{"items":[{"metadata":{"name":"web-0","labels":{"app":"web"}},"timestamp":"\#(now)","window":"15s","containers":"#
                + #"[{"name":"app","usage":{"cpu":"120m","memory":"64Mi"}}]}]}"#
        }
        if path.contains("/external.metrics.k8s.io/") {
            return #"{"items":[{"metricName":"orders","metricLabels":{},"timestamp":"\#(now)","value":"7"}]}"#
        }
        if path.hasPrefix("/apis/custom.metrics.k8s.io/v1beta2/") {
            return #"{"items":[{"describedObject":{"name":"web"},"metric":{"name":"requests"},"timestamp":"\#(now)","#
                + #""value":"7"}]}"#
        }
        if path.hasPrefix("/apis/custom.metrics.k8s.io") {
            return #"{"name":"custom.metrics.k8s.io","versions":[{"groupVersion":"custom.metrics.k8s.io/v1beta2","#
                + #""version":"v1beta2"}]}"#
        }
        if path.contains("/jobs") { return #"{"metadata":{},"items":[{"metadata":{"name":"a"}}]}"# }
        guard path.contains("/pods") else { return nil }
        return
            #"{"metadata":{},"items":[{"metadata":{"name":"web-0","labels":{"app":"web"}},"spec":{"containers":[{"name":"app","resources":"#
            + #"{"requests":{"cpu":"200m","memory":"128Mi"}}}]},"status":{"phase":"Running","startTime":"#
            + #""2026-01-01T00:00:00Z","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"#
            + #""2026-01-01T00:00:10Z"}]}}]}"#
    }

    private static func overHTTP(_ address: String) -> [Subject] {
        func kubernetes(_ type: String, _ config: [String: JSON]) -> Subject {
            let server: [String: JSON] = ["address": .string(address), "token": "a-token"]
            return Subject(
                plugin: "kubernetes", command: PluginCommand(path: program("kubernetes")), type: "kubernetes-\(type)",
                config: .object(config.merging(server) { $1 }))
        }
        let place = address.dropFirst("http://".count)
        return [
            Subject(
                plugin: "http", command: PluginCommand(path: program("http")),
                config: ["url": .string("\(address)/queue"), "jsonPath": "$.messages"]),
            Subject(
                plugin: "prometheus", command: PluginCommand(path: program("prometheus")),
                config: ["address": .string(address), "query": "up"]),
            Subject(
                plugin: "pubsub",
                command: PluginCommand(
                    path: program("pubsub"),
                    environment: [
                        "GCE_METADATA_HOST": String(place), "GENERALSCALER_GOOGLE_EMULATORS": address,
                        "GOOGLE_APPLICATION_CREDENTIALS": "",
                    ]), config: ["subscription": "projects/shop/subscriptions/orders", "endpoint": .string(address)]),
            kubernetes("resource", ["resource": "cpu"]), kubernetes("external", ["metric": "orders"]),
            kubernetes("custom", ["metric": "requests", "object": ["resource": "services", "name": "web"]]),
            kubernetes("objects", ["resource": "jobs", "apiVersion": "batch/v1"]),
            Subject(
                plugin: "http-json",
                command: PluginCommand(path: example("node/generalscaler-plugin-http-json")),
                config: ["url": .string("\(address)/queue"), "path": "messages"]),
        ]
    }

    private static let withoutSource = [
        Subject(
            plugin: "hour", command: PluginCommand(path: example("python/generalscaler-plugin-hour")), config: [:]),
        Subject(
            plugin: "weekday",
            command: PluginCommand(path: example("bash/generalscaler-plugin-weekday"), isOneshot: true), config: [:]),
        Subject(plugin: "random", command: PluginCommand(path: BuiltExecutable.path("random-plugin")), config: [:]),
    ]

    /// The conformance of each plugin in the index.
    private static func claims() throws -> [String: String] {
        let index = try JSON(parsing: CheckFixture.contents("docs/reference/plugins/index.json"))
        let plugins = index["plugins"]?.arrayValue ?? []
        return Dictionary(
            plugins.map { ($0["name"]?.stringValue ?? "", $0["conformance"]?.stringValue ?? "") }
        ) { first, _ in first }
    }

    private func check(_ subjects: [Subject]) async throws {
        let claims = try Self.claims()
        for subject in subjects {
            var options = CheckOptions()
            options.config = subject.config
            options.metricType = subject.type
            options.launcher = BuiltExecutable.path("generalscaler-launch")
            let report = try await CheckFixture.check(subject.command, options)
            let found = !report.isConformant ? "none" : report.noValue == nil ? "full" : "partial"
            #expect(
                found == claims[subject.plugin],
                "\(subject.plugin) \(subject.type ?? ""): \(ReportFormat.human.text(report, colors: false))")
        }
    }

    @Test("the conformance of plugins that read over HTTP, and of the examples, is that of a run")
    func overHTTP() async throws {
        try await RawServer.run(script: Self.server) { port in
            try await check(Self.overHTTP("http://127.0.0.1:\(port)") + Self.withoutSource)
        }
    }

    @Test("the conformance of the redis plugin is that of a run")
    func redis() async throws {
        try await RedisServer.run { server in
            try await check([
                Subject(
                    plugin: "redis", command: PluginCommand(path: Self.program("redis")),
                    config: ["address": .string(server.address), "list": "jobs"])
            ])
        }
    }

    @Test("the conformance of the postgresql plugin is that of a run")
    func postgresql() async throws {
        try await PostgresServer.run(.init(access: ["host all all 127.0.0.1/32 trust"])) { server in
            try await check([
                Subject(
                    plugin: "postgresql", command: PluginCommand(path: Self.program("postgresql")),
                    config: [
                        "address": .string(server.address), "database": "postgres", "username": "postgres",
                        "query": "SELECT 7",
                    ])
            ])
        }
    }

    @Test("the conformance of the kafka plugin is that of a run")
    func kafka() async throws {
        try await KafkaMock.run { cluster in
            try await cluster.tell("topic orders 3")
            try await check([
                Subject(
                    plugin: "kafka", command: PluginCommand(path: Self.program("kafka")),
                    config: [
                        "brokers": .array(cluster.brokers.map(JSON.string)), "group": "shop", "topics": ["orders"],
                        "withoutCommit": "earliest",
                    ])
            ])
        }
    }

    @Test("the conformance of the keda plugin is that of a run")
    func keda() async throws {
        try await ExternalScaler.run { scaler in
            try await check([
                Subject(
                    plugin: "keda", command: PluginCommand(path: Self.program("keda")),
                    config: ["address": .string(scaler.address), "metadata": ["set": #"{"value": 7, "active": true}"#]])
            ])
        }
    }

    @Test("each plugin of the index is one whose conformance a test compares")
    func all() throws {
        let compared = Self.overHTTP("http://a") + Self.withoutSource
        // Go is not required to run the tests: ConformantPluginTests checks the example if it is installed.
        let others: Set = ["redis", "postgresql", "kafka", "keda", "minute"]
        #expect(Set(compared.map(\.plugin)).union(others) == Set(try Self.claims().keys))
    }
}
