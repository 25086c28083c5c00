import TestSupport
import Testing

@Suite("generalscaler validate", .timeLimit(.minutes(2)))
struct ValidateCommandTests {
    private static let broken = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: other}
        ---
        apiVersion: autoscaling.example.com/v1
        kind: GeneralScaler
        metadata:
          name: Web_App
        spec:
          targetDeployment: web-app
          minReplicas: 2
          maxReplicas: 1
          metrics:
            - type: prometheus
              config:
                address: http://localhost:9090
                qurey: up
              targetValue: 0
            - type: nope
              targetValue: 1
              config: {password: {valueFrom: {secretKeyRef: {name: a}}}}
          safety:
            cooldown: 3
        """

    @Test("validate prints each problem of the spec and of a config in one line with file, line and field")
    func problems() async throws {
        try await Program.withDirectory { directory in
            let file = "\(directory)/broken.yaml"
            try Program.write(Self.broken, to: file)
            let outcome = try await Program.run("validate", "-f", file)
            #expect(outcome.code == 1)
            let places = outcome.output.split(separator: "\n").map { line in
                line.dropFirst(file.count + 1).split(separator: ": ").prefix(2).joined(separator: ": ")
            }
            #expect(
                places == [
                    "8: metadata.name", "12: spec.maxReplicas", "15: spec.metrics[0].config.query",
                    "17: spec.metrics[0].config.qurey", "18: spec.metrics[0].targetValue", "19: spec.metrics[1].type",
                    "21: spec.metrics[1].config.password.valueFrom.secretKeyRef.key", "23: spec.safety.cooldown",
                ])
        }
    }

    @Test(
        "a malformed reference in the defaults of plugins.yaml is reported with its field, by validate and at start",
        arguments: [
            (
                "token: {valueFrom: {serviceAccountToken: {serviceAccountName: x, expirationSeconds: 7d}}}",
                "plugins.prometheus.defaults.token.valueFrom.serviceAccountToken.expirationSeconds: must be"
            ),
            (
                "auth: {bearer: {token: {valueFrom: {secretKeyRef: {label: x}}}}}",
                "plugins.prometheus.defaults.auth.bearer.token.valueFrom.secretKeyRef.label: "
            ),
        ])
    func malformedDefaults(field: String, message: String) async throws {
        try await Program.withDirectory { directory in
            let (scaler, plugins) = ("\(directory)/scaler.yaml", "\(directory)/plugins.yaml")
            try Program.write(Self.broken, to: scaler)
            try Program.write("plugins:\n  prometheus:\n    defaults:\n      \(field)\n", to: plugins)
            let kubeconfig = "\(directory)/kubeconfig"
            try Program.write(
                """
                clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
                contexts: [{name: c, context: {cluster: c}}]
                current-context: c
                """, to: kubeconfig)
            for command in [["validate", "-f", scaler], ["run", "--kubeconfig", kubeconfig]] {
                let outcome = try await Program.run(command + ["--plugins-config", plugins])
                #expect(outcome.code != 0)
                #expect((outcome.output + outcome.errors).contains("\(plugins):3: \(message)"), "\(outcome)")
            }
        }
    }

    @Test("a malformed reference has one problem, not another one about the value that it would have")
    func oneProblem() async throws {
        let outcome = try await Program.run(
            "validate", "-f", "-",
            input: """
                apiVersion: autoscaling.example.com/v1
                kind: GeneralScaler
                metadata: {name: web}
                spec:
                  targetDeployment: web
                  maxReplicas: 3
                  metrics:
                    - type: http
                      targetValue: 1
                      config:
                        url: http://shop/queue
                        auth:
                          bearer:
                            token:
                              valueFrom:
                                serviceAccountToken: {serviceAccountName: a, audience: b, expirationSeconds: 599}
                """)
        #expect(outcome.code == 1)
        #expect(outcome.output.split(separator: "\n").count == 1, "\(outcome.output)")
        #expect(outcome.output.contains("expirationSeconds: must be"), "\(outcome.output)")
    }

    @Test("validate accepts the documentation's examples and needs no Secret's value")
    func valid() async throws {
        let secret = """
            apiVersion: autoscaling.example.com/v1
            kind: GeneralScaler
            metadata: {name: web-app}
            spec:
              targetRef: {apiVersion: apps/v1, kind: StatefulSet, name: web-app}
              maxReplicas: 3
              metrics:
                - type: prometheus
                  config:
                    address: http://localhost:9090
                    query: up
                    auth: {bearer: {token: {valueFrom: {secretKeyRef: {name: a, key: b}}}}}
                  targetValue: 1
            """
        try await Program.withDirectory { directory in
            try Program.write(secret, to: "\(directory)/secret.yaml")
            let outcome = try await Program.run(
                "validate", "-f", "\(directory)/secret.yaml", Program.file("examples/simulate/steady.yaml"),
                Program.file("examples/simulate/brisk.yaml"))
            #expect(outcome.code == 0)
            #expect(outcome.output == "3 GeneralScalers are valid; values from Secrets were not checked: 1\n")
        }
    }

    @Test("validate without plugins reports only problems of the spec, and reads stdin")
    func withoutPlugins() async throws {
        let outcome = try await Program.run("validate", "--without-plugins", "-f", "-", input: Self.broken)
        #expect(outcome.code == 1)
        #expect(outcome.output.split(separator: "\n").count == 5)
        #expect(outcome.output.contains("-:23: spec.safety.cooldown: is not a known field"))
    }

    @Test("validate reports a file that is not YAML, and accepts a file without a GeneralScaler")
    func files() async throws {
        try await Program.withDirectory { directory in
            try Program.write("a: [\n", to: "\(directory)/a.yaml")
            try Program.write("apiVersion: v1\nkind: Pod\n", to: "\(directory)/b.yaml")
            let outcome = try await Program.run(
                "validate", "-f", "\(directory)/a.yaml", "\(directory)/b.yaml", "\(directory)/c.yaml")
            #expect(outcome.code == 1)
            #expect(outcome.output.contains("a.yaml:2: is not valid YAML: "))
            #expect(outcome.output.contains("c.yaml: cannot be read"))
            #expect(
                outcome.errors.contains("b.yaml: has no GeneralScaler; objects of other kinds that were skipped: 1"))
            let foreign = try await Program.run("validate", "-f", "\(directory)/b.yaml")
            #expect(foreign.code == 0)
            #expect(foreign.output == "no GeneralScaler to check\n")
        }
    }

    @Test("validate shows each formula of a valid file on one line, with the metrics that it is computed from")
    func formulas() async throws {
        func scaler(_ name: String, _ formula: String) -> String {
            """
            apiVersion: autoscaling.example.com/v1
            kind: GeneralScaler
            metadata: {name: \(name)}
            spec:
              targetDeployment: web-app
              maxReplicas: 3
              metrics:
                - {name: backlog, type: redis, config: {address: "redis:6379", list: jobs}}
                - {name: consume-rate, type: prometheus, config: {query: up}, targetValue: 4}
                - {type: kafka, config: {brokers: ["kafka:9092"], group: g, topics: [t]}}
                - name: load
                  targetValue: 30
                  targetType: Value
                  formula: \(formula)
            ---

            """
        }
        let folded = ">-\n        if(backlog > 1h,\n          backlog, 0)\n        + kafka"
        let all = #"'kafka + backlog / max("consume-rate", 1) + backlog'"#
        let output = try await Program.withDirectory { directory in
            try Program.write(scaler("a", folded) + scaler("b", all), to: "\(directory)/valid.yaml")
            try Program.write(scaler("a", all) + scaler("b", "backlog +"), to: "\(directory)/invalid.yaml")
            let valid = try await Program.run("validate", "-f", "\(directory)/valid.yaml", "--without-plugins")
            let invalid = try await Program.run("validate", "-f", "\(directory)/invalid.yaml", "--without-plugins")
            #expect(invalid.code == 1)
            #expect(!invalid.output.contains("computed from"), "\(invalid.output)")
            return valid.output
        }
        #expect(
            output.contains(
                """
                b: load = kafka + backlog / max("consume-rate", 1) + backlog, computed from kafka (kafka), backlog (redis) and \
                consume-rate (prometheus)

                """), "\(output)")
        #expect(output.hasSuffix("2 GeneralScalers are valid\n"), "\(output)")
    }

    /// Validates a GeneralScaler with this program as its metric type's plugin.
    private func validate(plugin text: String) async throws -> Program.Outcome {
        try await Program.withDirectory { directory in
            try ExecutableFile.write(text, to: "\(directory)/generalscaler-plugin-odd")
            // Not used by the file: it never answers.
            try ExecutableFile.write("#!/bin/sh\nexec sleep 600\n", to: "\(directory)/generalscaler-plugin-silent")
            try Program.write(
                """
                apiVersion: autoscaling.example.com/v1
                kind: GeneralScaler
                metadata: {name: web-app}
                spec:
                  targetDeployment: web-app
                  maxReplicas: 3
                  metrics: [{type: odd, config: {}, targetValue: 5}]
                """, to: "\(directory)/scaler.yaml")
            return try await Program.run("validate", "-f", "\(directory)/scaler.yaml", "--plugin-dir", directory)
        }
    }

    @Test("validate works with a plugin whose output is tolerated", arguments: ScriptVariant.forgiven)
    func forgiven(_ plugin: ScriptVariant) async throws {
        let outcome = try await validate(plugin: plugin.text)
        #expect(outcome.output == "1 GeneralScaler is valid\n", "\(outcome.output)\(outcome.errors)")
    }

    @Test("validate reports a plugin with unusable output with the cause and the fix", arguments: ScriptVariant.refused)
    func refused(_ plugin: ScriptVariant) async throws {
        let outcome = try await validate(plugin: plugin.text)
        #expect(outcome.code == 1)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 1)
        #expect(outcome.output.contains("scaler.yaml:7: spec.metrics[0].type: plugin odd"), "\(outcome.output)")
        #expect(outcome.output.contains(plugin.hint), "\(outcome.output)")
        #expect(!outcome.output.contains("was still queued") && !outcome.output.contains("started again"))
    }
}

/// A plugin in Python with realistic defects in its output.
struct ScriptVariant: Sendable, CustomTestStringConvertible {
    let name: String
    /// Python code that writes the object `o`.
    var send = #"OUT.write((s + "\n").encode()); OUT.flush()"#
    /// Python code that runs first.
    var start = ""
    var id = "i"
    var value = "17.5"
    var lineEnd = "\n"
    var mark = ""
    /// A text in the error message.
    var hint = ""

    var testDescription: String { name }

    var text: String {
        let script = #"""
            #!/usr/bin/python3
            import sys, json
            OUT = sys.stdout.buffer
            def send(o):
                s = json.dumps(o)
                \#(send)
            \#(start)
            for line in sys.stdin.buffer:
                if not line.strip(): continue
                m = json.loads(line); i = m.get("id"); k = m.get("method")
                if i is None: continue
                if k == "initialize":
                    r = {"protocolVersion": 1, "plugin": {"name": "v", "version": "1"}, "metricTypes": [{"type": "odd",
                        "description": "d", "defaultTargetType": "Value", "configSchema": {"type": "object"}}]}
                elif k == "validate_config": r = {"valid": True}
                else: r = {}
                send({"jsonrpc": "2.0", "id": \#(id), "result": r})
                if k == "shutdown": break
            """#
        return mark + script.replacing("\n", with: lineEnd) + lineEnd
    }

    static let forgiven = [
        ScriptVariant(name: "plain"),
        ScriptVariant(name: "CRLF", send: #"OUT.write((s + "\r\n").encode()); OUT.flush()"#),
        ScriptVariant(name: "mark first", start: #"OUT.write(b"\xef\xbb\xbf")"#),
        ScriptVariant(
            name: "mark on every line", send: #"OUT.write(b"\xef\xbb\xbf" + (s + "\n").encode()); OUT.flush()"#),
        ScriptVariant(name: "banner", start: #"print("Starting { plugin ...", flush=True)"#),
        ScriptVariant(name: "blanks", send: #"OUT.write(("  " + s + " \t\n").encode()); OUT.flush()"#),
        ScriptVariant(name: "id with a fraction", id: "float(i)"),
        ScriptVariant(
            name: "member twice", send: #"OUT.write((s[:-1] + ', "jsonrpc": "2.0"}\n').encode()); OUT.flush()"#),
        ScriptVariant(
            name: "U+2028",
            send:
                #"o["note"] = "\u2028 \u0085"; OUT.write((json.dumps(o, ensure_ascii=False) + "\n").encode()); OUT.flush()"#
        ),
    ]

    static let refused = [
        ScriptVariant(
            name: "id as text", id: "str(i)", hint: "a whole number, equal to the id of the request, not a string"),
        ScriptVariant(
            name: "id of another request", id: "i + 6", hint: "has the id 7, and that of the request, initialize, is 1"),
        ScriptVariant(
            name: "indented", send: #"OUT.write((json.dumps(o, indent=2) + "\n").encode()); OUT.flush()"#,
            hint: "over several lines: write each on one line"),
        ScriptVariant(
            name: "terminal codes", start: #"OUT.write(b"\x1b[2J\x1b[H\x1b[0m"); OUT.flush()"#,
            hint: "begins with a terminal escape sequence"),
        ScriptVariant(
            name: "UTF-16", send: #"OUT.write((s + "\n").encode("utf-16-le")); OUT.flush()"#,
            hint: "it is UTF-16: write UTF-8"),
        ScriptVariant(
            name: "printed dict", send: #"OUT.write((repr(o) + "\n").encode()); OUT.flush()"#, hint: "json.dumps"),
        ScriptVariant(
            name: "framed by headers",
            send: #"OUT.write(("Content-Length: %d\r\n\r\n%s" % (len(s), s)).encode()); OUT.flush()"#,
            hint: "as in the Language Server Protocol"),
        ScriptVariant(
            name: "no line end", send: "OUT.write(s.encode()); OUT.flush()", hint: "End each message with a newline"),
        ScriptVariant(name: "kept back", send: "print(s)", hint: "flush stdout after each line"),
        ScriptVariant(name: "silent", send: "pass", hint: "it wrote nothing to stdout"),
        ScriptVariant(name: "script of Windows", lineEnd: "\r\n", hint: "save the file with Unix line endings"),
        ScriptVariant(name: "script with a mark", mark: "\u{FEFF}", hint: "save it as UTF-8 without one"),
    ]
}
