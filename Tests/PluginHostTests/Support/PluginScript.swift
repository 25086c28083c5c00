/// A plugin in Python, as its author might have written it.
struct PluginScript {
    let text: String

    /// - Parameters:
    ///   - types: what it offers.
    ///   - capabilities: Python text of its capabilities.
    ///   - setUp: Python run before the first line is read.
    ///   - body: Python run for each message `m` but `initialize`; indented by four spaces.
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

    /// Reads the value from the config; does all that a plugin must.
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
