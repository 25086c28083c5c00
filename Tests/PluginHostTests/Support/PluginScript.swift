/// A plugin in Python like that of a plugin author.
struct PluginScript {
    let text: String

    /// - Parameters:
    ///   - types: the metric types.
    ///   - capabilities: Python code of its capabilities.
    ///   - setUp: Python code that runs before the first line is read.
    ///   - body: Python code for each message `m` except `initialize`, indented by four spaces.
    init(
        types: [String], capabilities: String = "{}", setUp: String = "", handshake: String? = nil,
        body: String = PluginScript.wellBehaved
    ) {
        text = """
            #!/usr/bin/python3 -S
            import sys, json, os, signal, time
            def send(o):
                sys.stdout.write(json.dumps(o) + "\\n")
                sys.stdout.flush()
            def raw(b):
                sys.stdout.buffer.write(b)
                sys.stdout.buffer.flush()
            def ok(m, r): send({"jsonrpc": "2.0", "id": m["id"], "result": r})
            def fail(m, code, message): send({"jsonrpc": "2.0", "id": m["id"], "error": {"code": code, "message": message}})
            def reading(v): return {"value": v, "observedAt": "2026-01-01T00:00:00Z"}
            def hello(m, version=1):
                ok(m, {"protocolVersion": version, "plugin": {"name": "test plugin", "version": "1.2"},
                    "metricTypes": [{"type": t, "description": "", "configSchema": {"type": "object", "properties": {
                        "password": {"type": "string", "x-secret": True}}}, "defaultTargetType": "Value"}
                        for t in \(types)], "capabilities": \(capabilities)})
            \(setUp)
            for line in sys.stdin:
                m = json.loads(line)
                if m["method"] == "initialize":
            \(handshake ?? "        hello(m)")
                    continue
            \(body)
            """
    }

    /// A conformant plugin that reads the value from the config.
    static let wellBehaved = """
            if m["method"] == "validate_config":
                if "value" in m["params"]["config"]: ok(m, {"valid": True, "targetType": "Value"})
                else: ok(m, {"valid": False, "errors": [{"path": "value", "message": "is required"}]})
            elif m["method"] == "get_metric_value": ok(m, reading(m["params"]["config"]["value"]))
            elif m["method"] == "shutdown":
                ok(m, {})
                break
        """
}
