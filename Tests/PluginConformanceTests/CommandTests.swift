import Foundation
import Subprocess
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

/// plugin-check, run like by its users.
@Suite("plugin-check", .timeLimit(.minutes(5)))
struct CommandTests {
    private func run(_ arguments: [String]) async throws -> TemporaryFolder.Result {
        try await TemporaryFolder().result(BuiltExecutable.path("plugin-check"), arguments)
    }

    private let misbehaving = BuiltExecutable.path("misbehaving-plugin")

    @Test("plugin-check exits 0 for a conformant plugin and lists each rule")
    func conformant() async throws {
        let result = try await run(["test", "--deadline", "20", misbehaving])
        #expect(result.status == .exited(0))
        #expect(result.output.contains("✔ P-13  One object per line"))
        #expect(result.output.contains("- P-38  History: skipped: the plugin has no capability range"))
        #expect(result.output.contains(". P-10  Secrets and addresses: no check: only the author knows"))
        #expect(result.output.contains("\nConformant: "))
        #expect(result.errors.isEmpty)
    }

    @Test("plugin-check exits 1 for a plugin that breaks a rule, and shows the rule, the bytes and the fix")
    func failure() async throws {
        let result = try await run(["test", misbehaving, "--", "--violation", "nan"])
        #expect(result.status == .exited(1))
        #expect(result.output.contains("✘ P-34  A finite number"))
        #expect(result.output.contains(#""value":NaN"#))
        #expect(result.output.contains("Fix: answer the error 1006"))
    }

    @Test("plugin-check exits 4 for a plugin that hangs")
    func hang() async throws {
        let result = try await run([
            "test", "--only", "P-39", "--deadline", "0.2", misbehaving, "--", "--violation",
            "never-answers",
        ])
        #expect(result.status == .exited(4))
    }

    @Test(
        "plugin-check exits 3 if the plugin cannot be started, and prints the cause",
        arguments: [("/nonexistent/plugin", "No such file"), ("/etc/passwd", "chmod +x")])
    func cannotLaunch(path: String, reason: String) async throws {
        for command in ["test", "call", "bench", "fuzz", "repl"] {
            let result = try await run([command, path])
            #expect(result.status == .exited(3))
            #expect(result.errors.contains(reason))
        }
    }

    @Test(
        "plugin-check exits 2 for a usage error and prints one line",
        arguments: [
            ["test"], ["test", "--only", "P-99", "x"], ["test", "--deadline", "0", "x"], ["test", "--env", "x", "x"],
            ["test", "--config", "/nonexistent", "x"], ["bench", "--calls", "0", "x"], ["explain", "P-0"],
            ["test", "--format", "xml", "x"], ["frobnicate"],
        ])
    func usage(arguments: [String]) async throws {
        let result = try await run(arguments)
        #expect(result.status == .exited(2))
        #expect(result.errors.split(separator: "\n").count == 1)
    }

    @Test("plugin-check test checks only the selected rules")
    func selection() async throws {
        let result = try await run(
            ["test", "--only", "framing,P-26", "--skip", "P-14", "--format", "json", misbehaving])
        let rules = try JSON(parsing: result.output)["rules"]?.arrayValue ?? []
        let expected = RuleBook.rules(of: .framing).map(\.id.label).filter { $0 != "P-14" } + ["P-26"]
        #expect(rules.map { $0["id"]?.stringValue } == expected)
        #expect(rules.filter { $0["outcome"] == "failed" }.isEmpty)
    }

    @Test("plugin-check test writes JUnit XML that a parser can read")
    func junit() async throws {
        let result = try await run(["test", "--format", "junit", misbehaving, "--", "--violation", "invalid-utf8"])
        let folder = try TemporaryFolder()
        try result.output.write(toFile: "\(folder.path)/report.xml", atomically: true, encoding: .utf8)
        let script = """
            import xml.etree.ElementTree as tree
            root = tree.parse("report.xml").getroot()
            cases = root.findall(".//testcase")
            print(len(cases), root.get("tests"), root.get("failures"), len(root.findall(".//failure")))
            """
        let counts = try await folder.run("/usr/bin/env", ["python3", "-c", script]).split(
            whereSeparator: \.isWhitespace)
        let checked = RuleBook.rules.count(where: \.isChecked)
        #expect(counts == ["\(checked)", "\(checked)", "1", "1"])
    }

    @Test("plugin-check call shows the plugin's answer")
    func call() async throws {
        let value = try await run(["call", misbehaving])
        #expect(value.status == .exited(0))
        #expect(value.output.contains("\"value\": 1"))
        let handshake = try await run(["call", "--method", "initialize", misbehaving])
        #expect(handshake.output.contains("\"protocolVersion\": 1"))
        let range = try await run(["call", "--method", "range", misbehaving])
        #expect(range.status == .exited(1))
        #expect(range.output.contains("\"code\": -32601"))
        let broken = try await run(["call", misbehaving, "--deadline", "1", "--", "--violation", "half-frame"])
        #expect(broken.status != .exited(0))
    }

    @Test("plugin-check bench measures starts and calls")
    func bench() async throws {
        let result = try await run([
            "bench", "--calls", "50", "--starts", "2", "--in-flight", "4", "--json", misbehaving,
        ])
        #expect(result.status == .exited(0))
        let json = try JSON(parsing: result.output)
        #expect(json["calls"]?["count"] == 50)
        #expect(json["coldStart"]?["count"] == 2)
        let text = try await run(["bench", "--calls", "20", "--starts", "1", misbehaving])
        #expect(text.output.contains("p99.9"))
        let broken = try await run(["bench", "--calls", "20", misbehaving, "--", "--violation", "exits-in-call"])
        #expect(broken.status == .exited(1))
        #expect(broken.output.contains("P-42"))
    }

    @Test("plugin-check fuzz sends the same configs for the same seed, and names the config that broke the plugin")
    func fuzz() async throws {
        let good = try await run(["fuzz", "--seed", "7", "--cases", "100", misbehaving])
        #expect(good.status == .exited(0))
        #expect(good.output == "100 configs answered, seed 7\n")
        let arguments = ["fuzz", "--seed", "7", misbehaving, "--", "--violation", "exits-in-call"]
        let broken = try await run(arguments)
        #expect(broken.status == .exited(1))
        #expect(broken.output.contains("P-42"))
        #expect(broken.output.contains("The config was {"))
        #expect(try await run(arguments).output == broken.output)
    }

    @Test(
        "each plugin-check command shows its help, before and after a plugin's path",
        arguments: ["test", "call", "bench", "fuzz"])
    func help(command: String) async throws {
        for arguments in [[command, "--help"], [command, "./plugin", "--help"], [command, "-h"]] {
            let result = try await run(arguments)
            #expect(result.status == .exited(0))
            #expect(result.output.contains("plugin-check \(command) [options] PLUGIN [-- ARGUMENT ...]"))
        }
    }

    @Test("a misspelled option before or after the plugin's path is a usage error", arguments: [0, 1])
    func misspelled(place: Int) async throws {
        var words = [misbehaving]
        words.insert("--confg=x", at: place)
        let result = try await run(["test"] + words)
        #expect(result.status == .exited(2))
        #expect(result.errors.contains("--confg"))
        #expect(result.errors.contains("after --"))
    }

    @Test(
        "a misspelled command or option is answered with the one that was meant",
        arguments: [
            (["tset", "--config", "x", "./plugin"], "unknown command tset: did you mean test?"),
            (["reply", "./plugin"], "unknown command reply: did you mean repl?"),
            (
                ["frobnicate"],
                "unknown command frobnicate: the commands are test, call, bench, fuzz, repl, explain, schema"
            ),
            (["./plugin"], "unknown command ./plugin: the commands are test,"),
            (["test", "./plugin", "--bad-confg", "x"], "Unknown option '--bad-confg'. Did you mean '--bad-config'?"),
        ])
    func suggestion(arguments: [String], message: String) async throws {
        let result = try await run(arguments)
        #expect(result.status == .exited(2))
        #expect(result.errors.hasPrefix("plugin-check: \(message)"), "\(result.errors)")
    }

    @Test("test --require-value exits 1 if no value is read, and says why")
    func requireValue() async throws {
        let plugin = try ScriptedPlugin(extra: "def get_metric_value(params): return error(1006, 'nothing yet')")
        let lenient = try await run(["test", "--only", "P-33", plugin.command.path])
        #expect(lenient.status == .exited(0))
        #expect(lenient.output.contains("\nNo value was read: "), "\(lenient.output)")
        let strict = try await run(["test", "--only", "P-33", "--require-value", plugin.command.path])
        #expect(strict.status == .exited(1))
        #expect(strict.output.contains("no_data: nothing yet"), "\(strict.output)")
    }

    @Test("options of plugin-check come before or after the plugin's path, and the plugin's own arguments after --")
    func arguments() async throws {
        for words in [
            ["--only", "P-34", misbehaving, "--format", "json", "--", "--violation", "nan"],
            ["--only=P-34", "--format=json", "--", misbehaving, "--violation", "nan"],
        ] {
            let result = try await run(["test"] + words)
            #expect(result.status == .exited(1))
            let failed = try JSON(parsing: result.output)["rules"]?.arrayValue?.first { $0["outcome"] == "failed" }
            #expect(failed?["id"] == "P-34")
            #expect(failed?["findings"]?[0]?["fix"]?.stringValue?.contains("1006") == true)
        }
        let extra = try await run(["call", misbehaving, "argument"])
        #expect(extra.status == .exited(2))
        #expect(extra.errors.contains("after --"))
    }

    @Test("plugin-check explain shows a rule, or lists all rules")
    func explain() async throws {
        let rule = try await run(["explain", "P-17"])
        #expect(rule.output.hasPrefix("P-17  Longest answer  (framing)"))
        let list = try await run(["explain"])
        #expect(list.output.split(separator: "\n").count == RuleBook.rules.count)
    }
}
