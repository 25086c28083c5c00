import ClusterSimulator
import Foundation
import KubernetesClient
import PluginHost
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// A canary in every secret field of every plugin, from a Secret, does not occur in any output.
@Suite("The canary secret", .timeLimit(.minutes(5)))
struct CanaryTests {
    private static let canary = "c4nary/Tweet+tweet \"ö\""
    private static let types = [
        "http", "kafka", "keda-external", "kubernetes-custom", "kubernetes-external", "kubernetes-objects",
        "kubernetes-resource",
        "postgresql", "prometheus", "pubsub", "redis",
    ]

    @Test("the canary secret does not leak from the built-in plugins")
    func ownPlugins() async throws {
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [BuiltExecutable.directory], hostVersion: "1", environment: ["PATH": "/usr/bin:/bin"]),
            logger: .silent)
        let fields = await Self.secretFields(host)
        #expect(fields.count >= 10)
        try await expectSilence(about: fields, BuiltExecutable.directory, repeats: false)
    }

    @Test("a token that only the administrator sets does not leak, although the plugin's messages are shown")
    func administratorsToken() async throws {
        let file = URL.temporaryDirectory.appending(path: "canary-\(UUID().uuidString).yaml")
        defer { try? FileManager.default.removeItem(at: file) }
        let manifest = file.path
        // As long as a token is, so that the messages are not hidden.
        let token = JSON.string(String(repeating: Self.canary, count: 8))
        let defaults: JSON = ["address": "http://127.0.0.1:9", "token": token]
        let plugins: JSON = ["plugins": ["kubernetes": ["defaults": defaults]]]
        try Data(plugins.encoded()).write(to: file)
        let field = SecretField(type: "kubernetes-resource", path: ["container"])
        try await expectSilence(about: [field], BuiltExecutable.directory, repeats: false, manifest: manifest)
    }

    @Test("the canary secret does not leak from a plugin that writes its config everywhere, as plain text and encoded")
    func echo() async throws {
        let directory = URL.temporaryDirectory.appending(path: "canary-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let script = directory.appending(path: "generalscaler-plugin-echo")
        try ExecutableFile.write(Self.echo, to: script.path)
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [BuiltExecutable.directory], hostVersion: "1", environment: ["PATH": "/usr/bin:/bin"]),
            logger: .silent)
        try await expectSilence(about: await Self.secretFields(host), directory.path, repeats: true)
    }

    @Test("the canary search finds a secret raw, in Base64 of a longer text, and percent-encoded")
    func detector() throws {
        let encoded = try #require(Self.canary.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        for text in [Self.canary, Data("u:\(Self.canary)".utf8).base64EncodedString(), encoded] {
            #expect(Self.revealsCanary("before \(text) after"))
        }
        #expect(!Self.revealsCanary("*** Tweet"))
    }

    // MARK: The fields

    private struct SecretField {
        let type: String
        let path: [String]
    }

    /// Returns every field that a plugin's schema marks as secret.
    private static func secretFields(_ host: PluginHost) async -> [SecretField] {
        await withTaskGroup { group in
            // Ends with its cancellation, which is not a failure.
            group.addTask { try? await host.run() }
            await host.untilStarted()
            let fields = types.flatMap { type in
                paths(host.metricType(type)?.description.configSchema ?? [:]).map { SecretField(type: type, path: $0) }
            }
            group.cancelAll()
            return fields
        }
    }

    private static func paths(_ schema: JSON) -> [[String]] {
        if schema["x-secret"] == true { return [[]] }
        let map = schema["additionalProperties"].map { ["X-Key": $0] } ?? [:]
        return (schema["properties"]?.objectValue ?? map).flatMap { name, field in paths(field).map { [name] + $0 } }
    }

    private static func scaler(_ number: Int, _ field: SecretField) throws -> JSON {
        var config = try JSON(parsing: ExampleConfig.text(field.type, "good"))
        let reference: JSON = ["valueFrom": ["secretKeyRef": ["name": "canary", "key": "value"]]]
        config = config.replacing(field.path[...], with: reference)
        let metric: JSON = [
            "type": .string(field.type), "targetValue": 1, "timeoutSeconds": 1, "config": config,
        ]
        return TestEnvironment.scaler("canary-\(number)", target: "web", ["metrics": [metric], "mode": "DryRun"])
    }

    // MARK: Everything that comes out

    private func expectSilence(
        about fields: [SecretField], _ directory: String, repeats: Bool, manifest: String? = nil
    ) async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        try environment.api.create([
            "apiVersion": "v1", "kind": "Secret",
            "metadata": [
                "name": "canary", "namespace": .string(OperatorFixture.namespace),
                "labels": ["autoscaling.example.com/readable": "true"],
            ],
            "stringData": ["value": .string(Self.canary)],
        ])
        let log = CapturedLog()
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [directory], manifest: manifest, hostVersion: "1", environment: ["PATH": "/usr/bin:/bin"]),
            logger: log.logger)
        var texts: [String] = []
        try await OperatorFixture.run(environment, source: host, log: log) { fixture in
            await host.untilStarted()
            for (number, field) in fields.enumerated() { try fixture.create(Self.scaler(number, field)) }
            try await fixture.poll(2 * fields.count)
            if repeats { await log.wait { $0.metadata["line"]?.contains("the end of") == true } }
            for number in fields.indices {
                let status = try fixture.status("canary-\(number)")
                #expect(status["conditions"] != nil)
                texts.append("\(status)")
            }
            texts += fixture.writes.map { String(decoding: $0.body, as: UTF8.self) }
            texts += fixture.audit.all.map { "\($0)" }
            texts.append(await fixture.runtime.page().text(.prometheus))
            texts += await host.health().map { "\($0)" }
        }
        texts += log.records.map { "\($0.message) \($0.metadata)" }
        if repeats { #expect(texts.contains { $0.contains("***") }) }
        for text in texts { #expect(!Self.revealsCanary(text), "\(text)") }
    }

    /// Returns whether a text reveals the canary. Found by decoding, independently of the operator's search.
    private static func revealsCanary(_ text: String) -> Bool {
        let plain = [text, text.removingPercentEncoding ?? "", unescaped(text)]
        return plain.contains { text in
            text.contains(canary) || text.contains("Tweet+tweet")
                || base64Runs(text).contains { $0.contains("Tweet+tweet") }
        }
    }

    private static func unescaped(_ text: String) -> String {
        text.replacing("\\\"", with: "\"").replacing("\\/", with: "/").replacing("\\u00f6", with: "ö")
    }

    private static func base64Runs(_ text: String) -> [String] {
        let characters = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
        return text.split { !characters.contains($0) }.filter { $0.count >= 8 }.flatMap { run in
            (0..<4).map { offset in
                var piece = String(run.dropFirst(offset)).replacing("-", with: "+").replacing("_", with: "/")
                while piece.count % 4 != 0 { piece += "=" }
                let bytes = [UInt8](Data(base64Encoded: piece) ?? Data())
                return String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    /// A plugin that accepts any config for any of the types, and repeats it in every output.
    private static let echo = """
        #!/usr/bin/python3 -S
        import sys, json, base64, urllib.parse
        def send(o):
            sys.stdout.write(json.dumps(o) + "\\n")
            sys.stdout.flush()
        def leaves(v):
            if isinstance(v, dict): return [l for x in v.values() for l in leaves(x)]
            if isinstance(v, list): return [l for x in v for l in leaves(x)]
            return [str(v)]
        def told(config):
            yield json.dumps(config)
            yield repr(config)
            for text in leaves(config):
                yield text
                for prefix in ["", "u:", "me:"]:
                    yield base64.b64encode((prefix + text).encode()).decode()
                    yield base64.urlsafe_b64encode((prefix + text).encode()).decode()
                yield urllib.parse.quote(text, safe="")
                yield urllib.parse.quote_plus(text)
        for line in sys.stdin:
            m = json.loads(line)
            if m["method"] == "initialize":
                send({"jsonrpc": "2.0", "id": m["id"], "result": {"protocolVersion": 1,
                    "plugin": {"name": "echo", "version": "1"}, "capabilities": {}, "metricTypes": [
                        {"type": t, "description": "", "configSchema": {"type": "object"}, "defaultTargetType": "Value"}
                        for t in ["http", "prometheus", "redis", "pubsub", "postgresql", "kafka", "keda-external"]
                            + ["kubernetes-" + name for name in ["custom", "external", "objects", "resource"]]]}})
            elif m["method"] == "shutdown":
                send({"jsonrpc": "2.0", "id": m["id"], "result": {}})
                break
            elif "id" in m:
                everything = " | ".join(told(m["params"]["config"]))
                for text in told(m["params"]["config"]):
                    print(text, file=sys.stderr, flush=True)
                print(everything + " the end of " + m["method"], file=sys.stderr, flush=True)
                send({"jsonrpc": "2.0", "method": "log", "params": {"level": "error", "message": everything}})
                print("no JSON " + everything, flush=True)
                if m["method"] == "validate_config":
                    send({"jsonrpc": "2.0", "id": m["id"], "result": {"valid": True}})
                else:
                    send({"jsonrpc": "2.0", "id": m["id"], "error": {"code": 1002, "message": everything,
                        "data": {"kind": "auth_failed", "retryable": False, "path": everything}}})
        """
}

extension JSON {
    /// Returns the value with the given part at the path; other values on the way are replaced.
    fileprivate func replacing(_ path: ArraySlice<String>, with value: JSON) -> JSON {
        guard let name = path.first else { return value }
        var members = objectValue ?? [:]
        members[name] = (members[name] ?? [:]).replacing(path.dropFirst(), with: value)
        return .object(members)
    }
}
