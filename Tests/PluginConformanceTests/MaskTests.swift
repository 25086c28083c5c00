import Foundation
import Subprocess
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

/// What plugin-check shows of a plugin that repeats the secrets of its config.
@Suite("plugin-check masks the secrets of a config", .timeLimit(.minutes(5)))
struct MaskTests {
    private static let token = "hunter2/+token-7"
    private static let dsn = "postgres://reader:s3cret%2Fpassw0rd@db:5432/x"

    /// Repeats what it gets in its errors, its details and on standard error.
    private static let leaking = """
        import base64, urllib.parse
        SCHEMA["properties"]["dsn"] = {"type": "string", "x-secret": True}
        def faults(c): return [{"path": k, "message": f"wrong in {c}"} for k, v in c.items() if k not in ("key", "dsn")]
        def get_metric_value(p):
            c = p["config"]
            if faults(c): return error(1001, str(faults(c)))
            key = c.get("key", "")
            print("config", json.dumps(c), file=sys.stderr, flush=True)
            texts = [key, urllib.parse.quote(key, safe=""), base64.b64encode(b"me:" + key.encode()).decode(),
                     urllib.parse.unquote(c.get("dsn", ":").split(":")[-2].split("@")[0]) if "dsn" in c else "", "pin " + c.get("key", "")]
            return error(1002, "refused " + " ".join(texts))
        """

    private func run(_ arguments: [String]) async throws -> TemporaryFolder.Result {
        let plugin = try ScriptedPlugin(extra: Self.leaking)
        let folder = try TemporaryFolder()
        let config: JSON = ["key": .string(Self.token), "dsn": .string(Self.dsn)]
        try config.description.write(toFile: "\(folder.path)/config.json", atomically: true, encoding: .utf8)
        return try await folder.result(
            BuiltExecutable.path("plugin-check"), arguments + ["--config", "config.json", plugin.command.path])
    }

    @Test(
        "plugin-check masks a secret in every encoding, in the output of each command",
        arguments: [
            ["call"], ["call", "--trace"], ["call", "--method", "validate", "--trace"], ["test", "--trace"],
            ["test", "--format", "json"], ["test", "--format", "junit"],
            ["fuzz", "--cases", "50", "--seed", "3", "--trace"],
            ["bench", "--calls", "5", "--starts", "1", "--trace"],
        ])
    func masked(arguments: [String]) async throws {
        let result = try await run(arguments)
        let output = result.output + result.errors
        #expect(!output.isEmpty)
        let secrets = [
            Self.token, "hunter2%2F%2Btoken-7", Self.dsn, "s3cret%2Fpassw0rd", "s3cret/passw0rd",
            Data("me:\(Self.token)".utf8).base64EncodedString(),
        ]
        for secret in secrets { #expect(!output.contains(secret), "\(secret) in \(output)") }
        if arguments.first != "test" || arguments.contains("--trace") { #expect(output.contains("***")) }
    }

    @Test("a secret of a few bytes is masked in the config that is shown")
    func shortSecret() async throws {
        let plugin = try ScriptedPlugin()
        let folder = try TemporaryFolder()
        try #"{"key": "q7z"}"#.write(toFile: "\(folder.path)/config.json", atomically: true, encoding: .utf8)
        let result = try await folder.result(
            BuiltExecutable.path("plugin-check"), ["call", "--trace", "--config", "config.json", plugin.command.path])
        #expect(result.status == .exited(0))
        #expect(!(result.output + result.errors).contains("q7z"))
    }
}
