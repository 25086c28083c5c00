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

    @Test("Each problem is one line, with file, line and field: of this program, and of the plugins")
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

    @Test("The examples of the documentation are valid; a secret's value is not needed for it")
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
            #expect(outcome.output == "3 GeneralScalers are valid; values from Secrets were not looked at: 1\n")
        }
    }

    @Test("Without the plugins, only what this program knows; from stdin")
    func withoutPlugins() async throws {
        let outcome = try await Program.run("validate", "--without-plugins", "-f", "-", input: Self.broken)
        #expect(outcome.code == 1)
        #expect(outcome.output.split(separator: "\n").count == 5)
        #expect(outcome.output.contains("-:23: spec.safety.cooldown: is not a known field"))
    }

    @Test("a file that cannot be read as YAML is a problem, and one with other kinds alone is not")
    func files() async throws {
        try await Program.withDirectory { directory in
            try Program.write("a: [", to: "\(directory)/a.yaml")
            try Program.write("apiVersion: v1\nkind: Pod\n", to: "\(directory)/b.yaml")
            let outcome = try await Program.run(
                "validate", "-f", "\(directory)/a.yaml", "\(directory)/b.yaml", "\(directory)/c.yaml")
            #expect(outcome.code == 1)
            #expect(outcome.output.contains("a.yaml:1: is not valid YAML: "))
            #expect(outcome.output.contains("c.yaml: cannot be read"))
            #expect(
                outcome.errors.contains("b.yaml: has no GeneralScaler; objects of other kinds that were skipped: 1"))
            let foreign = try await Program.run("validate", "-f", "\(directory)/b.yaml")
            #expect(foreign.code == 0)
            #expect(foreign.output == "no GeneralScaler to check\n")
        }
    }
}
