import Foundation
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

/// Mistakes that plugin authors make at first, and that leave every single answer well-formed.
@Suite("A mistake of a plugin's author", .timeLimit(.minutes(5)))
struct AuthorMistakeTests {
    private static let requiredQueue = """
        SCHEMA["properties"]["queue"] = {"type": "string"}
        SCHEMA["required"] = ["queue"]
        def faults(config):
            wrong = [k for k, v in config.items() if k not in ("key", "queue") or not isinstance(v, str)]
            return [{"path": k, "message": "wrong"} for k in wrong + (["queue"] if "queue" not in config else [])]
        """

    private func report(
        _ plugin: borrowing ScriptedPlugin, config: JSON? = nil, badConfig: JSON? = nil, only: Set<RuleID> = [],
        requiresValue: Bool = false
    ) async throws -> CheckReport {
        var options = CheckOptions()
        (options.config, options.badConfig, options.only) = (config, badConfig, only)
        options.requiresValue = requiresValue
        options.times.deadline = .seconds(20)
        return try await CheckFixture.check(plugin.command, options)
    }

    private func text(_ report: CheckReport) -> String { ReportFormat.human.text(report, colors: false) }

    @Test("an internal error at a good config breaks P-69, with either target type")
    func internalError() async throws {
        let plugin = try ScriptedPlugin(
            extra: """
                def get_metric_value(params):
                    if faults(params["config"]): return error(1001, "wrong config")
                    return error(-32603, "KeyError: 'lenght'") if params["targetType"] == "AverageValue" else {"result": reading()}
                """)
        let report = try await report(plugin, only: [.internalErrors, .readingShape])
        let findings = report.failures.flatMap(\.findings)
        #expect(findings.map(\.rule) == [.internalErrors])
        #expect(findings.first?.message == "get_metric_value is answered with internal_error: KeyError: 'lenght'")
        #expect(report.noValue == nil)
    }

    @Test("a run without any value is incomplete and says why; it fails if a value is required")
    func noValue() async throws {
        let plugin = try ScriptedPlugin(
            extra: """
                def get_metric_value(params):
                    return error(1001, "wrong config") if faults(params["config"]) else error(1003, "no route to host")
                """)
        let lenient = try await report(plugin)
        #expect(lenient.isConformant, "\(text(lenient))")
        #expect(text(lenient).contains("\nIncomplete: "))
        #expect(text(lenient).contains("\nNo value was read: the call is answered with an error"), "\(text(lenient))")
        #expect(lenient.noValue?.contains("source_unreachable: no route to host") == true)
        let strict = try await report(plugin, only: [.utf8], requiresValue: true)
        #expect(strict.failures.map(\.rule.id) == [.readingShape])
        #expect(strict.failures.first?.findings.first?.message.hasPrefix("no value was read: ") == true)
        #expect(strict.failures.first?.findings.first?.fix?.contains("--config") == true)
    }

    @Test("a run without the config that the plugin requires names the fields and is incomplete")
    func noConfig() async throws {
        let plugin = try ScriptedPlugin(extra: Self.requiredQueue)
        let without = try await report(plugin, only: [.readingShape, .goodConfig])
        #expect(text(without).contains("\nIncomplete: "))
        #expect(without.noValue == "the config has required fields (queue): give --config with one that works")
        let with = try await report(plugin, config: ["queue": "q"], only: [.readingShape, .goodConfig])
        #expect(text(with).contains("\nConformant: "), "\(text(with))")
        let unasked = try await report(plugin, only: [.utf8])
        #expect(unasked.noValue == nil)
    }

    @Test(
        "a bad config of other fields does not prove that bad configs are refused",
        arguments: [
            (["directory": 1], "directory"), (["directory": 1, "key": "k"], "directory"), (["queue": 7], nil),
            (["queue": 7, "directory": 1], nil), ([:], nil),
        ] as [(JSON, String?)])
    func staleBadConfig(config: JSON, unknown: String?) async throws {
        let plugin = try ScriptedPlugin(extra: Self.requiredQueue)
        let report = try await report(plugin, config: ["queue": "q"], badConfig: config, only: [.badConfig])
        guard let unknown else {
            #expect(report.outcome(of: .badConfig) == .passed, "\(text(report))")
            return
        }
        #expect(
            report.outcome(of: .badConfig)
                == .skipped(
                    "the config of --bad-config is refused only for what is not a field of the plugin (\(unknown)): write a "
                        + "wrong value of one of its fields (key, queue) into it"))
    }

    @Test("a field whose name says that it holds a secret or an address, and whose schema does not, is a warning")
    func unmarked() async throws {
        let plugin = try ScriptedPlugin(
            extra: """
                SCHEMA["properties"].update({
                    "apiToken": {"type": "string"}, "brokers": {"type": "array", "items": {"type": "string"}},
                    "dsn": {"type": "string", "x-secret": True}, "maxTokens": {"type": "integer"},
                    "url": {"type": "string", "x-address": True}, "user": {"type": "object", "additionalProperties": False,
                    "properties": {"password": {"type": "string"}}}})
                def faults(config): return [{"path": k, "message": "wrong"} for k in config]
                """)
        let report = try await report(plugin, only: [.secretFields])
        #expect(report.isConformant)
        let messages = report.warnings.map(\.message)
        #expect(
            messages == [
                "the field apiToken of scripted seems to hold a secret, and is not marked as such",
                "the field brokers of scripted seems to hold the address of a server, and is not marked as such",
                "the field user.password of scripted seems to hold a secret, and is not marked as such",
            ])
        #expect(text(report).contains("! P-10  Warning: the field apiToken"), "\(text(report))")
        #expect(text(report).contains("Fix: write \"x-secret\": true into its schema"))
        #expect(text(report).contains(", warnings: 3"))
        let json = try JSON(parsing: ReportFormat.json.text(report, colors: false))
        #expect(json["rules"]?[0]?["warnings"]?.arrayValue?.count == 3)
    }

    @Test(
        "the content of a field is guessed from the last word of its name",
        arguments: [
            ("password", .secret), ("dbPassword", .secret), ("API_KEY", .secret), ("access-key", .secret),
            ("tokens", .secret), ("clientSecret", .secret), ("url", .address), ("tokenURL", .address),
            ("bootstrapServers", .address), ("host", .address), ("DSN", .both), ("connectionString", .both),
            ("passwordFile", nil), ("maxTokensPerCall", nil), ("hostHeader", nil), ("key", nil), ("name", nil),
            ("address", .address), ("", nil), ("_", nil),
        ] as [(String, FieldNames.Content?)])
    func names(name: String, content: FieldNames.Content?) { #expect(FieldNames.content(of: name) == content) }

    @Test("an interpreter outside of the sandbox's directories is refused with the fix, also for an unconfined call")
    func foreignInterpreter() throws {
        let folder = try TemporaryFolder()
        try ExecutableFile.write("#!/bin/sh\nexec /usr/bin/python3 \"$@\"\n", to: "\(folder.path)/own-python")
        let plugin = try ScriptedPlugin()
        let text = try String(contentsOfFile: plugin.command.path, encoding: .utf8)
        try ExecutableFile.write(
            text.replacing("#!/usr/bin/env python3", with: "#!/usr/bin/env own-python"), to: plugin.command.path)
        var command = plugin.command
        command.environment["PATH"] = "\(folder.path):/usr/bin:/bin"
        let error = #expect(throws: LaunchError.self) {
            try OneCall.make(command, .value, options: CheckOptions(), targetType: nil)
        }
        #expect(
            error?.description.hasSuffix(
                "its #! line names own-python, which does not exist in any of /usr/bin:/bin. Install it in one of these, or "
                    + "add its directory to PATH and to readPaths of this plugin in plugins.yaml (--read-path here)")
                == true,
            "\(String(describing: error))")
        command.readPaths = [folder.path]
        guard case .result = try OneCall.make(command, .value, options: CheckOptions(), targetType: nil).outcome else {
            Issue.record("no value with the interpreter's directory among readPaths")
            return
        }
    }
}
