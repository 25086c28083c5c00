import Foundation
import TestSupport

@testable import PluginConformance

/// A plugin in Python with replaceable parts, for features and faults that no other plugin of the tests has.
struct ScriptedPlugin: ~Copyable {
    let command: PluginCommand
    private let directory: URL

    /// - Parameters:
    ///   - capabilities: Python code for the capabilities in the handshake.
    ///   - extra: Python code that runs before the loop and may replace any of the functions.
    init(capabilities: String = "{}", extra: String = "") throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "plugin-conformance-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.appending(path: "generalscaler-plugin-scripted").path
        let text = Self.text.replacing("__CAPABILITIES__", with: capabilities).replacing("__EXTRA__", with: extra)
        try ExecutableFile.write(text, to: path)
        command = PluginCommand(path: path)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private static let text = #"""
        #!/usr/bin/env python3
        import datetime, json, sys

        class Failure(Exception): pass

        SCHEMA = {"type": "object", "properties": {"key": {"type": "string", "x-secret": True}},
                  "additionalProperties": False}
        CAPABILITIES = __CAPABILITIES__

        def send(message): print(json.dumps({"jsonrpc": "2.0"} | message), flush=True)
        def time_text(seconds=0):
            at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
            return at.isoformat().replace("+00:00", "Z")
        def reading(): return {"value": 1, "observedAt": time_text()}
        def faults(config): return [{"path": k, "message": "wrong"} for k, v in config.items()
                                    if k != "key" or not isinstance(v, str)]
        def error(code, message): return {"error": {"code": code, "message": message}}

        def initialize(params):
            if 1 not in params["protocolVersions"]: return error(1000, "speaks 1")
            kind = {"type": "scripted", "description": "One.", "configSchema": SCHEMA, "defaultTargetType": "Value"}
            return {"result": {"protocolVersion": 1, "plugin": {"name": "scripted", "version": "1"},
                               "metricTypes": [kind], "capabilities": CAPABILITIES}}
        def validate_config(params):
            wrong = faults(params["config"])
            return {"result": {"valid": False, "errors": wrong} if wrong else {"valid": True}}
        def get_metric_value(params):
            if faults(params["config"]): return error(1001, "wrong config")
            return {"result": reading()}
        def get_metric_values(params):
            calls = [get_metric_value(request) for request in params["requests"]]
            return {"result": {"answers": [c.get("result", c) for c in calls]}}
        def get_metric_range(params):
            return {"result": {"points": [{"at": params["from"], "value": 1}, {"at": params["to"], "value": 2}]}}
        def subscribe(params): return error(1001, "wrong config") if faults(params["config"]) else {"result": {}}
        def unsubscribe(params): return {"result": {}}
        def pushed(request):
            # What the answer to subscribe promises, and that it ends.
            id = request["id"]
            send({"method": "reading", "params": {"subscription": id} | reading()})
            send({"method": "subscription_ended", "params": {"subscription": id, "message": "that was all"}})
        def handle(request):
            method = globals().get(request["method"])
            if request["method"] not in METHODS: return error(-32601, "unknown")
            return method(request["params"])

        METHODS = ["initialize", "validate_config", "get_metric_value", "get_metric_values", "get_metric_range"]
        if CAPABILITIES.get("subscribe") is True: METHODS += ["subscribe", "unsubscribe"]
        __EXTRA__
        for line in sys.stdin:
            request = json.loads(line)
            if "id" not in request: continue
            answer = handle(request)
            send({"id": request["id"]} | answer)
            if request["method"] == "subscribe" and "result" in answer: pushed(request)
        """#
}
