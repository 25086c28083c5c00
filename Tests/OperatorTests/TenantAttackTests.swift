import ClusterSimulator
import Foundation
import PluginHost
import PluginProtocol
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// A tenant's actions with its own GeneralScaler, as visible in the API server and the log.
@Suite("Attacks of tenants", .timeLimit(.minutes(5)))
struct TenantAttackTests {
    /// Returns all texts for users: statuses, events, requests, and the log.
    private func texts(_ fixture: OperatorFixture, _ names: [String]) throws -> [String] {
        var texts = fixture.log.records.flatMap { [$0.message] + $0.metadata.values }
        for name in names {
            let conditions = try fixture.status(name)["conditions"]?.arrayValue ?? []
            texts += conditions.compactMap { $0["message"]?.stringValue }
            texts += [try fixture.status(name)["reason"]?.stringValue ?? ""]
        }
        let events = try fixture.api.get("/apis/events.k8s.io/v1/namespaces/\(OperatorFixture.namespace)/events")
        texts += (events["items"]?.arrayValue ?? []).compactMap { $0["note"]?.stringValue }
        return texts
    }

    private func scaler(_ name: String, _ type: String, _ config: JSON) -> JSON {
        let metric: JSON = ["type": .string(type), "targetValue": 1, "timeoutSeconds": 5, "config": config]
        return TestEnvironment.scaler(name, target: "web", ["metrics": [metric], "mode": "DryRun"])
    }

    @Test("a server's error and a config's text forge no line in the status, explain or log, and no terminal control")
    func injection() async throws {
        let evil =
            "1:3: parse error\n2026-11-29T00:00:00+0000 critical generalscaler: FAKE line\u{1B}[31mred\u{7}\u{202E}evil"
        let body: JSON = ["status": "error", "errorType": "bad_data", "error": .string(evil)]
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            guard connection.readHead() != nil else { return }
            let text = "\(body)"
            connection.write("HTTP/1.1 400 Bad\u{1B}[0m\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
        try await RawServer.run(script: script) { port in
            let environment = try TestEnvironment()
            try environment.deploy(replicas: 2)
            let log = CapturedLog()
            let host = try PluginHost(
                configuration: PluginHostConfiguration(
                    directories: [BuiltExecutable.directory], hostVersion: "1", environment: ["PATH": "/usr/bin:/bin"]),
                logger: log.logger)
            try await OperatorFixture.run(environment, source: host, log: log) { fixture in
                await host.untilStarted()
                try fixture.create(
                    scaler("query", "prometheus", ["address": .string("http://127.0.0.1:\(port)"), "query": "up{"]))
                try fixture.create(
                    scaler("key", "redis", ["address": .string("127.0.0.1:\(port)"), "key": .string(evil)]))
                try fixture.create(
                    scaler("member", "redis", ["address": "127.0.0.1:1", "key": "a", evil: .string(evil)]))
                // Everywhere the API server allows such a text.
                var names = ["query", "key", "member"]
                let metric: JSON = [
                    "type": "redis", "targetValue": 1, "config": ["address": "127.0.0.1:1", "key": "a"],
                ]
                for (number, (field, value)) in Self.evilFields(evil, metric).enumerated() {
                    let name = "evil\(number)"
                    let spec: JSON = ["mode": "DryRun", "metrics": [metric]]
                    var members = spec.objectValue ?? [:]
                    members[field] = value
                    if field == "targetRef" { members["targetDeployment"] = .null }
                    let scaler = TestEnvironment.scaler(name, target: "web", .object(members))
                    if (try? fixture.create(scaler)) != nil { names.append(name) }
                }
                #expect(names.count > 3)
                try await fixture.poll(2 * names.count)
                let texts = try texts(fixture, names)
                #expect(texts.contains { $0.contains("FAKE line") })
                for text in texts { #expect(text.isClean, "\(text.debugDescription)") }
                let status = try fixture.status("query")
                #expect(StatusView(status).reason?.isClean == true)
            }
        }
    }

    private static func evilFields(_ evil: String, _ metric: JSON) -> [(String, JSON)] {
        func metrics(_ field: String, _ value: JSON) -> (String, JSON) {
            var members = metric.objectValue ?? [:]
            members[field] = value
            return ("metrics", [.object(members)])
        }
        let reference: JSON = ["valueFrom": ["secretKeyRef": ["name": .string(evil), "key": .string(evil)]]]
        return [
            metrics("name", .string(evil)), metrics("type", .string(evil)), metrics("config", [:]),
            metrics("config", ["address": .string(evil), "key": "a"]),
            metrics("config", ["address": "127.0.0.1:1", "key": "a", "password": reference]),
            ("targetDeployment", .string(evil)), ("targetRef", ["kind": .string(evil), "name": "web"]),
            ("strategy", .string(evil)), (evil, .string(evil)),
        ]
    }

    @Test("explain removes control characters from a status that another client wrote")
    func explain() {
        let view = StatusView([
            "reason": "a\u{1B}[2Jb\nc", "metrics": [["name": "m\u{202E}x", "error": "e\u{7}"]],
        ])
        let texts = [view.reason ?? ""] + view.metrics.map(\.sentence)
        for text in texts { #expect(text.isClean, "\(text.debugDescription)") }
    }

    // MARK: The administrator's credentials

    /// A plugin that refuses each call with its config.
    private static let mirror = """
        #!/usr/bin/python3 -S
        import sys, json
        for line in sys.stdin:
            m = json.loads(line)
            if "id" not in m: continue
            answer = {"jsonrpc": "2.0", "id": m["id"]}
            if m["method"] == "initialize":
                answer["result"] = {"protocolVersion": 1, "plugin": {"name": "mirror", "version": "1"},
                    "capabilities": {}, "metricTypes": [{"type": "mirror", "description": "",
                        "defaultTargetType": "Value", "configSchema": {"type": "object", "properties": {
                            "address": {"x-address": True}, "password": {"x-secret": True}}}}]}
            elif m["method"] == "validate_config": answer["result"] = {"valid": True}
            elif m["method"] == "get_metric_value":
                answer["error"] = {"code": 1002, "message": "got " + json.dumps(m["params"]["config"])}
            else: answer["result"] = {}
            print(json.dumps(answer), flush=True)
            if m["method"] == "shutdown": break
        """

    @Test("the status of a scaler with default credentials shows a fixed sentence, and no other address gets them")
    func defaults() async throws {
        let directory = URL.temporaryDirectory.appending(path: "tenant-attack-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        // A directory of plugins may not contain plugins.yaml.
        let plugins = directory.appending(path: "plugins")
        try FileManager.default.createDirectory(at: plugins, withIntermediateDirectories: false)
        let plugin = plugins.appending(path: "generalscaler-plugin-mirror")
        try ExecutableFile.write(Self.mirror, to: plugin.path)
        let manifest = directory.appending(path: "plugins.yaml")
        try Data("plugins: {mirror: {defaults: {address: \"own:1\", password: adm1n-passw0rd}}}".utf8).write(
            to: manifest)
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        let log = CapturedLog()
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [plugins.path], manifest: manifest.path, hostVersion: "1",
                environment: ["PATH": "/usr/bin:/bin"]), logger: log.logger)
        try await OperatorFixture.run(environment, source: host, log: log) { fixture in
            await host.untilStarted()
            try fixture.create(scaler("default", "mirror", [:]))
            try fixture.create(scaler("override", "mirror", ["address": "tenants:1"]))
            try await fixture.poll(4)
            let shown = try fixture.condition("Ready", of: "default")?["message"]?.stringValue ?? ""
            #expect(shown.contains("does not accept the credentials") && !shown.contains("got "), "\(shown)")
            let own = try fixture.condition("Ready", of: "override")?["message"]?.stringValue ?? ""
            #expect(own.contains("got {\"address\": \"tenants:1\"}"), "\(own)")
            let record = await log.wait { $0.metadata["answer"] != nil }
            #expect(record.metadata["answer"]?.contains("\"password\": \"***\"") == true)
            for text in try texts(fixture, ["default", "override"]) { #expect(!text.contains("adm1n")) }
        }
    }

    @Test("a plugin host receives the namespace of each call")
    func origin() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        let namespaces = Mutex<Set<String>>([])
        environment.source.answer { _ in
            namespaces.withLock { _ = $0.insert(CallOrigin.namespace ?? "none") }
            return 5
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(2)
        }
        #expect(namespaces.withLock(\.self) == [OperatorFixture.namespace])
    }
}
