import Foundation
import Glibc
import Subprocess
import TestSupport
import Testing
import WireFormats

@testable import PluginConformance

@Suite("A repl line")
struct ReplRequestTests {
    @Test(
        "a repl line is parsed as a command with a config or a name",
        arguments: [
            ("value", .call(.value, nil)),
            ("  value   {\"queue\": \"a b\"} \r", .call(.value, ["queue": "a b"])),
            ("validate {}", .call(.validate, [:])),
            ("range", .call(.range, nil)),
            ("initialize", .call(.initialize, nil)),
            ("subscribe\t{\"n\": 1.25}", .subscribe(["n": 1.25])),
            ("unsubscribe", .unsubscribe(nil)),
            ("unsubscribe 17 ", .unsubscribe(17)),
            ("config", .config(nil)),
            ("type queue-depth", .type("queue-depth")),
            ("reload ", .reload),
            ("help", .help),
            ("exit", .exit),
            ("", .blank),
            (" \t\r", .blank),
        ] as [(String, ReplRequest)])
    func read(line: String, request: ReplRequest) throws {
        #expect(try ReplRequest(line) == request)
    }

    @Test(
        "an invalid repl line is refused with what to type instead",
        arguments: [
            ("valeu", "unknown command valeu; help lists the commands"),
            ("value {\"queue\": }", "the config is not JSON: "),
            ("value [1]", "a config is a JSON object"),
            ("config null", "a config is a JSON object"),
            ("unsubscribe all", "unsubscribe takes the number"),
            ("unsubscribe 9223372036854775808", "unsubscribe takes the number"),
            ("reload now", "reload takes no argument"),
            ("\u{1B}[A", "unknown command \\u{1B}[A"),
        ])
    func refused(line: String, message: String) {
        let problem = #expect(throws: ReplProblem.self) { try ReplRequest(line) }
        #expect(problem?.description.contains(message) == true, "\(String(describing: problem))")
    }
}

@Suite("A repl session", .timeLimit(.minutes(3)))
struct ReplTests {
    private final class Shown {
        private(set) var text = ""

        func add(_ line: String) { text += line + "\n" }

        func take() -> String {
            defer { text = "" }
            return text
        }
    }

    private func session(
        _ plugin: borrowing ScriptedPlugin, config: JSON? = nil, _ body: (PluginRepl, Shown) throws -> Void
    ) throws {
        let shown = Shown()
        var options = CheckOptions()
        options.config = config
        options.times.deadline = .seconds(20)
        let repl = PluginRepl(plugin.command, options: options) { shown.add($0) }
        try repl.start()
        try body(repl, shown)
        repl.end()
    }

    @Test("the repl shows a plugin's offer, answers and errors, and no broken rule of a conformant plugin")
    func answers() throws {
        try session(ScriptedPlugin(capabilities: #"{"range": True}"#)) { repl, shown in
            #expect(shown.take() == "scripted 1: metric types scripted (called); capabilities range\n")
            repl.run(.call(.value, nil))
            #expect(shown.take().contains("\"value\": 1"))
            repl.run(.call(.value, ["wrong": 1]))
            #expect(shown.take().hasPrefix("error: {\n  \"code\": 1001,"))
            repl.run(.call(.validate, ["wrong": 1]))
            #expect(shown.take().contains("\"valid\": false"))
            repl.run(.call(.range, nil))
            #expect(shown.take().contains("\"points\""))
            repl.run(.subscribe(nil))
            #expect(shown.take() == "the plugin cannot push readings: it has no capability subscribe\n")
            repl.run(.unsubscribe(nil))
            #expect(shown.take() == "there is no subscription\n")
            repl.run(.type("other"))
            #expect(shown.take() == "the plugin has no metric type other; it has scripted\n")
        }
    }

    @Test("the repl names the broken rule, the bytes and the fix after each answer that breaks one")
    func findings() throws {
        let plugin = try ScriptedPlugin(extra: "def reading(): return {'value': '7.25', 'observedAt': time_text()}")
        try session(plugin) { repl, shown in
            for _ in 0..<5 {
                _ = shown.take()
                repl.run(.call(.value, nil))
                let text = shown.take()
                #expect(text.contains("broken rule P-34: the value is a string\n> {"), "\(text)")
                #expect(text.contains("Fix: write the number without quotes: \"value\": 7.25"))
            }
        }
    }

    @Test("the repl calls with the config that was set, or with another config for one call")
    func config() throws {
        let plugin = try ScriptedPlugin(
            extra: """
                def faults(config): return []
                def get_metric_value(params):
                    sys.stderr.write("asked with %s\\n" % sorted(params["config"]))
                    sys.stderr.flush()
                    return {"result": reading()}
                """)
        try session(plugin, config: ["first": 1]) { repl, shown in
            repl.run(.call(.value, nil))
            repl.run(.call(.value, ["own": 1]))
            repl.run(.config(["second": 1]))
            repl.run(.call(.value, nil))
            repl.run(.reload)
            repl.run(.call(.value, nil))
            let asked = shown.text.split(separator: "\n").filter { $0.contains("asked") }
            #expect(
                asked == ["first", "own", "second", "second"].map { "stderr: asked with ['\($0)']" }, "\(shown.text)")
        }
    }

    @Test("the repl masks the secrets of every config in its output")
    func secrets() throws {
        let plugin = try ScriptedPlugin(
            extra: """
                def get_metric_value(params):
                    sys.stderr.write("key " + params["config"]["key"] + "\\n")
                    sys.stderr.flush()
                    return error(1003, "refused " + params["config"]["key"])
                """)
        try session(plugin, config: ["key": "a-first-secret"]) { repl, shown in
            repl.run(.call(.value, nil))
            repl.run(.call(.value, ["key": "another-secret"]))
            repl.run(.config(["key": "the-third-secret"]))
            repl.run(.call(.value, nil))
            #expect(shown.text.contains("stderr: key ***"))
            #expect(shown.text.contains("refused ***"))
            #expect(!shown.text.contains("secret"), "\(shown.text)")
        }
    }

    @Test("the repl shows pushed readings and the end of a subscription")
    func push() throws {
        try session(ScriptedPlugin(capabilities: #"{"subscribe": True}"#)) { repl, shown in
            repl.run(.subscribe(nil))
            // The plugin pushes after its answer; each wait is for more of its output.
            while !shown.text.contains("ends subscription") { repl.waitForNews() }
            #expect(shown.text.contains("subscription 2\n"), "\(shown.text)")
            #expect(shown.text.contains(#"subscription 2 pushes {"observedAt":"#))
            #expect(shown.text.contains("the plugin ends subscription 2: \"that was all\""))
            repl.run(.unsubscribe(2))
            #expect(shown.text.contains("there is no subscription\n"))
        }
    }

    @Test("the repl names the rule that a pushed reading breaks, also if no call is in flight")
    func wrongPush() throws {
        let plugin = try ScriptedPlugin(
            capabilities: #"{"subscribe": True}"#,
            extra: """
                def pushed(request):
                    send({"method": "reading", "params": {"subscription": request["id"], "value": 1, "observedAt": "now"}})
                """)
        try session(plugin) { repl, shown in
            repl.run(.subscribe(nil))
            while !shown.text.contains("broken rule") { repl.waitForNews() }
            #expect(shown.text.contains("the reading is invalid: observedAt"), "\(shown.text)")
        }
    }

    @Test("the repl restarts the plugin when its program has changed and is complete, and renews its subscriptions")
    func reload() throws {
        let plugin = try ScriptedPlugin(capabilities: #"{"subscribe": True}"#)
        try session(plugin) { repl, shown in
            repl.run(.subscribe(nil))
            while !shown.text.contains("ends subscription") { repl.waitForNews() }
            let path = plugin.command.path
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try ExecutableFile.write(
                text.replacing(#"{"value": 1,"#, with: #"{"value": 7.25,"#).replacing("that was all", with: "no more"),
                to: path)
            repl.run(.subscribe(nil))
            _ = shown.take()
            repl.checkProgram()
            #expect(shown.take() == "")
            repl.checkProgram()
            #expect(shown.text.hasPrefix("the program has changed\nscripted 1: "), "\(shown.text)")
            repl.checkProgram()
            repl.run(.call(.value, nil))
            #expect(shown.text.contains("\"value\": 7.25"))
            #expect(shown.text.components(separatedBy: "the program has changed").count == 2)
        }
    }

    @Test("starts the plugin again when a module that it imports changes, appears or goes, and names the file")
    func reloadModule() throws {
        let plugin = try ScriptedPlugin(
            extra: """
                sys.path.insert(0, sys.path[0] + "/parts")
                import helper
                def reading(): return {"value": helper.VALUE, "observedAt": time_text()}
                """)
        let folder = URL(filePath: plugin.command.path).deletingLastPathComponent()
        let parts = folder.appending(path: "parts")
        try FileManager.default.createDirectory(at: parts, withIntermediateDirectories: true)
        let helper = parts.appending(path: "helper.py")
        try Data("VALUE = 1.5\n".utf8).write(to: helper)
        try session(plugin) { repl, shown in
            repl.run(.call(.value, nil))
            #expect(shown.take().contains("\"value\": 1.5"))
            repl.checkProgram()
            #expect(shown.take() == "", "what Python writes for itself is no change")
            try Data("VALUE = 7.25 # another length\n".utf8).write(to: helper)
            repl.checkProgram()
            repl.checkProgram()
            #expect(shown.text.hasPrefix("parts/helper.py has changed\nscripted 1: "), "\(shown.text)")
            repl.run(.call(.value, nil))
            #expect(shown.take().contains("\"value\": 7.25"))
            for name in ["one.py", "two.mjs", "notes.txt", ".hidden.py"] {
                try Data().write(to: folder.appending(path: name))
            }
            repl.checkProgram()
            repl.checkProgram()
            #expect(shown.take().hasPrefix("one.py and 1 more files have changed\n"))
            try FileManager.default.removeItem(at: folder.appending(path: "one.py"))
            repl.checkProgram()
            repl.checkProgram()
            #expect(shown.take().hasPrefix("one.py has changed\n"))
        }
    }

    @Test("sees a change of a script that an interpreter gets as its argument")
    func reloadArgument() throws {
        let plugin = try ScriptedPlugin()
        let script = "\(plugin.command.path).py"
        try FileManager.default.copyItem(atPath: plugin.command.path, toPath: script)
        let shown = Shown()
        let command = PluginCommand(path: "/usr/bin/python3", arguments: [script])
        let repl = PluginRepl(command, options: CheckOptions()) { shown.add($0) }
        try repl.start()
        let text = try String(contentsOfFile: script, encoding: .utf8)
        try Data(text.replacing(#"{"value": 1,"#, with: #"{"value": 7.25,"#).utf8).write(to: URL(filePath: script))
        repl.checkProgram()
        repl.checkProgram()
        repl.run(.call(.value, nil))
        #expect(shown.text.contains("\"value\": 7.25"), "\(shown.text)")
        repl.end()
    }

    @Test("the repl reports that the plugin has ended, and starts it again for the next call")
    func crash() throws {
        let plugin = try ScriptedPlugin(
            extra: """
                def get_metric_value(params):
                    if "key" in params["config"]:
                        sys.stderr.write("out of luck\\n")
                        sys.exit(7)
                    return {"result": reading()}
                """)
        try session(plugin) { repl, shown in
            repl.run(.call(.value, ["key": "k"]))
            let text = shown.take()
            #expect(
                text.contains("broken rule P-42: it exited with code 7 instead of answering get_metric_value"),
                "\(text)")
            #expect(text.contains("the plugin exited with code 7; the next call restarts it"))
            repl.run(.call(.value, nil))
            #expect(shown.text.contains("\"value\": 1"), "\(shown.text)")
        }
    }

    @Test("the repl continues after a call that the plugin does not answer")
    func hang() throws {
        let plugin = try ScriptedPlugin(
            extra: """
                import time
                def get_metric_value(params):
                    while "key" in params["config"]: time.sleep(1000)
                    return {"result": reading()}
                """)
        let shown = Shown()
        var options = CheckOptions()
        options.times.deadline = .milliseconds(200)
        let repl = PluginRepl(plugin.command, options: options) { shown.add($0) }
        try repl.start()
        repl.run(.call(.value, ["key": "k"]))
        #expect(shown.text.contains("broken rule P-39: get_metric_value is not answered"), "\(shown.text)")
        repl.run(.call(.validate, nil))
        #expect(shown.text.contains("\"valid\": true"), "\(shown.text)")
        repl.end()
    }

    @Test("the repl waits for a corrected program if the plugin does not start")
    func broken() throws {
        let plugin = try ScriptedPlugin(extra: "print('hello', flush=True)\nsys.exit(3)")
        try session(plugin) { repl, shown in
            let text = shown.take()
            #expect(text.contains("broken rule P-13"), "\(text)")
            #expect(text.contains("the plugin does not work yet"), "\(text)")
            let path = plugin.command.path
            try ExecutableFile.write(
                try String(contentsOfFile: path, encoding: .utf8).replacing("sys.exit(3)", with: "")
                    .replacing("print('hello', flush=True)", with: ""), to: path)
            repl.checkProgram()
            repl.checkProgram()
            repl.run(.call(.value, nil))
            #expect(shown.text.contains("\"value\": 1"), "\(shown.text)")
        }
    }

    @Test("the repl calls a oneshot plugin in one process for each call")
    func oneshot() throws {
        let plugin = try ScriptedPlugin(extra: "")
        var command = plugin.command
        command.isOneshot = true
        let shown = Shown()
        let repl = PluginRepl(command, options: CheckOptions()) { shown.add($0) }
        try repl.start()
        for _ in 0..<2 { repl.run(.call(.value, nil)) }
        #expect(shown.text.components(separatedBy: "\"value\": 1").count == 3, "\(shown.text)")
        repl.run(.subscribe(nil))
        #expect(shown.text.contains("cannot push readings: it runs once for each request"))
        repl.end()
    }
}

extension PluginRepl {
    /// Waits until the plugin writes something, and shows it.
    fileprivate func waitForNews() {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        poll(&entries, nfds_t(entries.count), -1)
        showNews()
    }
}

/// The program, with a terminal's part played by a FIFO.
@Suite("plugin-check repl", .timeLimit(.minutes(3)))
struct ReplCommandTests {
    @Test("the repl reads commands to the end of its input, shows readings, and reloads a changed program")
    func live() async throws {
        let folder = try TemporaryFolder()
        let plugin = try ScriptedPlugin(capabilities: #"{"subscribe": True}"#)
        let path = plugin.command.path
        let fifo = "\(folder.path)/input"
        try #require(mkfifo(fifo, 0o600) == 0)
        let input = open(fifo, O_RDWR | O_CLOEXEC)
        try #require(input >= 0)
        let send: @Sendable (String) -> Void = { text in
            _ = text.withCString { write(input, $0, strlen($0)) }
        }
        let status = try await RunningProcess.run(
            "/bin/sh", ["-c", #"exec "$0" repl "$1" < "$2""#, BuiltExecutable.path("plugin-check"), path, fifo]
        ) { process in
            try await process.outputLine { $0.hasPrefix("scripted 1: metric types scripted") }
            send("va")
            send("lue\nvaleu\n")
            try await process.outputLine { $0.contains("\"value\": 1") }
            try await process.outputLine { $0 == "unknown command valeu; help lists the commands" }
            send("subscribe\n")
            try await process.outputLine { $0.contains("the plugin ends subscription") }
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try ExecutableFile.write(text.replacing(#"{"value": 1,"#, with: #"{"value": 7.25,"#), to: path)
            try await process.outputLine { $0 == "the program has changed" }
            send("value")
            close(input)
            try await process.outputLine { $0.contains("\"value\": 7.25") }
            await process.untilEnded()
        }
        #expect(status == .exited(0))
    }
}
