import FoundationEssentials
import Subprocess
import TestSupport
import Testing

@Suite("generalscaler-dev try", .timeLimit(.minutes(3)))
struct TryCommandTests {
    /// A plugin whose value is the content of a file that its config names.
    private static let plugin = #"""
        #!/usr/bin/env python3
        import datetime, json, sys
        SCHEMA = {"type": "object", "additionalProperties": False, "required": ["file"],
                  "properties": {"file": {"type": "string", "description": "The file."}}}
        TYPE = {"type": "number-in-file", "description": "A number.", "configSchema": SCHEMA,
                "defaultTargetType": "AverageValue"}
        def answer(method, params):
            config = params.get("config", {})
            if method == "initialize":
                return {"result": {"protocolVersion": 1, "plugin": {"name": "number", "version": "1"},
                                   "metricTypes": [TYPE], "capabilities": {}}}
            if method == "validate_config":
                wrong = [{"path": key, "message": "is unknown"} for key in config if key != "file"]
                return {"result": {"valid": False, "errors": wrong} if wrong else {"valid": True}}
            if method == "get_metric_value":
                now = datetime.datetime.now(datetime.timezone.utc).isoformat()
                try: return {"result": {"value": float(open(config["file"]).read()), "observedAt": now}}
                except OSError as problem: return {"error": {"code": 1003, "message": "cannot read: %s" % problem.strerror}}
            return {"error": {"code": -32601, "message": "unknown"}}
        for line in sys.stdin:
            request = json.loads(line)
            if "id" in request:
                message = {"jsonrpc": "2.0", "id": request["id"]} | answer(request["method"], request["params"])
                print(json.dumps(message), flush=True)
        """#

    private static let program = "generalscaler-plugin-number-in-file"

    private static func arguments(_ directory: String, config: String) throws -> [String] {
        try ExecutableFile.write(plugin, to: "\(directory)/\(program)")
        try Program.write(config, to: "\(directory)/c.json")
        return ["try", "\(directory)/\(program)", "--config", "\(directory)/c.json"]
    }

    /// Runs try with a config that names a file, and interrupts it after the body. Nothing on standard error may have the
    /// name `canary` of a file.
    private func trying(
        file name: String = "value", _ options: [String] = [],
        _ body: @escaping @Sendable (RunningProcess, _ directory: String, _ file: String) async throws -> Void
    ) async throws {
        try await Program.withDirectory { directory in
            let file = "\(directory)/\(name)"
            try Program.write("37.5", to: file)
            let arguments = try Self.arguments(directory, config: #"{"file": "\#(file)"}"#)
            let status = try await RunningProcess.run(
                "generalscaler-dev", arguments + ["--read-path", directory] + options
            ) { process in
                // Two more than 1 at a time: the table's columns are value, replicas and ready.
                try await process.outputLine { Self.cells($0).dropFirst().starts(with: ["37.5", "4", "4"]) }
                try await body(process, directory, file)
                try process.send(.interrupt)
                await process.untilEnded()
                #expect(process.errors.filter { $0.contains("canary") } == [])
            }
            #expect(status == .exited(0))
        }
    }

    @Test("try shows each reading and failure, and the replicas that follow the value up and down")
    func scales() async throws {
        try await trying { process, _, value in
            #expect(
                process.output.contains(
                    "Scaling 1 to 10 replicas on number-in-file, target 10 (the default: --target-value sets another). "
                        + "Ctrl-C ends it."))
            #expect(process.output.contains { $0.contains("value  replicas  ready  decision") })
            try FileManager.default.removeItem(atPath: value)
            try await process.outputLine { $0.contains("cannot read: No such file or directory") }
            try Program.write("1", to: value)
            try await process.outputLine {
                $0.hasSuffix("1 replica is enough up to the target 10; a value above it scales up")
            }
            try await process.outputLine { Self.cells($0).dropFirst().starts(with: ["1", "1", "1"]) }
        }
    }

    @Test("try --verbose logs its services without the config of the plugin")
    func verbose() async throws {
        try await trying(file: "canary", ["--verbose"]) { process, _, _ in
            try await process.errorLine { $0.contains("TrialStart") }
        }
    }

    @Test("try reports a new version of the program that does not start, and keeps the running one")
    func brokenVersion() async throws {
        try await trying { process, directory, value in
            try ExecutableFile.write("#!/bin/sh\nexit 7\n", to: "\(directory)/\(Self.program)")
            try await process.errorLine {
                $0.contains("new plugin version rejected; keeping the old one") && $0.contains("exited with code 7")
            }
            try Program.write("1", to: value)
            try await process.outputLine { Self.cells($0).dropFirst().starts(with: ["1", "1", "1"]) }
        }
    }

    private static func cells(_ row: String) -> [String] { row.split(separator: " ").map(String.init) }

    @Test("try ends with the plugin's reason if it refuses the config or does not start")
    func refused() async throws {
        try await Program.withDirectory { directory in
            let arguments = try Self.arguments(directory, config: #"{"file": "/f", "nmae": 1}"#)
            let refused = try await Program.run(arguments, of: "generalscaler-dev")
            #expect(refused.code == 1)
            #expect(
                refused.errors
                    == "generalscaler-dev: the plugin refuses the config: nmae: is unknown. Correct --config\n")
            let unknown = try await Program.run(arguments + ["--type", "other"], of: "generalscaler-dev")
            #expect(unknown.code == 1)
            #expect(unknown.errors.contains("no metric type other; it has number-in-file"), "\(unknown.errors)")
            try ExecutableFile.write("#!/bin/sh\necho no luck >&2\nexit 7\n", to: arguments[1])
            let broken = try await Program.run(arguments, of: "generalscaler-dev")
            #expect(broken.code == 1)
            #expect(
                broken.errors.contains("exited with code 7") && broken.errors.contains("no luck"), "\(broken.errors)")
        }
    }

    @Test(
        "try refuses invalid options before it starts the plugin",
        arguments: [
            (["--target-value", "0"], "--target-value must be above 0"),
            (["--target-value", "nan"], "--target-value must be above 0"),
            (["--max-replicas", "0"], "--max-replicas must be from 1"),
            (["--env", "NAME"], "--env must have the form NAME=VALUE"),
            (["--config", "/nonexistent.json"], "/nonexistent.json: cannot be read"),
        ])
    func options(arguments: [String], message: String) async throws {
        let outcome = try await Program.run(["try", "./plugin"] + arguments, of: "generalscaler-dev")
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }
}
