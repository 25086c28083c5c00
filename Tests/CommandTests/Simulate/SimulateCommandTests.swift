import FoundationEssentials
import TestSupport
import Testing
import WireFormats

@Suite("generalscaler simulate", .timeLimit(.minutes(5)))
struct SimulateCommandTests {
    private static let week = Program.file("examples/simulate/week.csv")
    private static let steady = Program.file("examples/simulate/steady.yaml")
    private static let brisk = Program.file("examples/simulate/brisk.yaml")

    @Test("simulate compares two scalers on a week of traffic, with both summaries and one HTML page")
    func compare() async throws {
        try await Program.withDirectory { directory in
            let outcome = try await Program.run(
                "simulate", "-f", Self.steady, "--compare", Self.brisk, "--trace", Self.week, "--price", "0.05",
                "--capacity-per-replica", "130", "--html", "\(directory)/report.html", "--json")
            #expect(outcome.code == 0, "\(outcome.errors)")
            let summaries = try JSON(parsing: outcome.output)
            #expect(summaries[0]?["name"] == "steady")
            #expect(summaries[0]?["polls"] == 40_321)
            let slow = try #require(summaries[0]?["secondsOutOfSLO"]?.doubleValue)
            let fast = try #require(summaries[1]?["secondsOutOfSLO"]?.doubleValue)
            #expect(slow > fast)
            #expect(summaries[0]?["secondsUnknown"]?.doubleValue ?? 0 > 2_000)
            let page = try Data(contentsOf: URL(filePath: "\(directory)/report.html"))
            #expect(page.count > 500_000)
        }
    }

    @Test("simulate --sweep shows the cost of a cooldown")
    func sweep() async throws {
        let outcome = try await Program.run(
            "simulate", "-f", Self.steady, "--trace", Self.week, "--price", "0.05", "--sweep",
            "safety.cooldownSeconds=60,900")
        #expect(outcome.code == 0, "\(outcome.errors)")
        let rows = outcome.output.split(separator: "\n").map { $0.split { $0 == " " } }
        let heading = try #require(rows.firstIndex { $0.first == "safety.cooldownSeconds" })
        #expect(rows[(heading + 1)...].map { $0[0] } == ["60", "900"])
        #expect(rows[heading].contains("cost"))
    }

    @Test("simulate --decisions - writes the decisions as JSON lines to stdout and the summary to stderr")
    func decisions() async throws {
        try await Program.withDirectory { directory in
            try Program.write("time,requests\n0,100\n15,500\n30,500\n", to: "\(directory)/trace.csv")
            let outcome = try await Program.run(
                "simulate", "-f", Self.steady, "--trace", "\(directory)/trace.csv", "--decisions", "-")
            let decisions = try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
            #expect(decisions.map { $0["desired"] } == [2, 5, 5])
            #expect(decisions[1]["limitedBy"] == [])
            #expect(outcome.errors.contains("replica-hours"))
        }
    }

    @Test("simulate reports an invalid scaler, trace or option and does not run")
    func wrong() async throws {
        try await Program.withDirectory { directory in
            let trace = "\(directory)/trace.csv"
            try Program.write("time,requests\n0,1\n15,x\n", to: trace)
            let badTrace = try await Program.run("simulate", "-f", Self.steady, "--trace", trace)
            #expect(badTrace.code == 1)
            #expect(
                badTrace.errors
                    == "\(trace): line 3, column 2 (requests): \"x\" is not a number; leave a cell empty for no data, or "
                    + "write error\n")
            let badField = try await Program.run(
                "simulate", "-f", Self.steady, "--trace", Self.week, "--sweep", "safety.cooldown=1")
            #expect(badField.code == 1)
            #expect(badField.errors.contains("spec.safety.cooldown: is not a known field"))
            let badOption = try await Program.run("simulate", "-f", Self.steady, "--trace", Self.week, "--price", "-1")
            #expect(badOption.code == 2)
        }
    }

    @Test("simulate reads the history of a metric through its plugin from a real Prometheus")
    func fetched() async throws {
        let start: Int64 = 1_767_225_600
        let samples = (0...40).map { "load \($0 < 20 ? 100 : 200) \(start + Int64($0) * 15)" }
        let text = "# TYPE load gauge\n" + samples.joined(separator: "\n") + "\n# EOF\n"
        try await PrometheusServer.run(.init(samples: text)) { server in
            try await Program.withDirectory { directory in
                let scaler = """
                    apiVersion: autoscaling.example.com/v1
                    kind: GeneralScaler
                    metadata: {name: app}
                    spec:
                      targetDeployment: app
                      maxReplicas: 9
                      metrics:
                        - {type: prometheus, targetValue: 100, config: {address: "\(server.address)", query: load}}
                    """
                try Program.write(scaler, to: "\(directory)/app.yaml")
                let window = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:10:00Z"]
                let refused = try await Program.run(["simulate", "-f", "\(directory)/app.yaml"] + window)
                #expect(refused.code == 1)
                #expect(refused.errors.contains("--recorded-replicas"))
                let outcome = try await Program.run(
                    ["simulate", "-f", "\(directory)/app.yaml", "--recorded-replicas", "2", "--decisions", "-"] + window
                )
                #expect(outcome.code == 0, "\(outcome.errors)")
                let desired = try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0))["desired"] }
                #expect(desired == Array(repeating: 2, count: 20) + Array(repeating: 4, count: 21))
            }
        }
    }

    @Test("simulate reads a Secret's value from the file given for it, and does not print it")
    func secret() async throws {
        let start: Int64 = 1_767_225_600
        let samples = (0...4).map { "load 100 \(start + Int64($0) * 15)" }
        let text = "# TYPE load gauge\n" + samples.joined(separator: "\n") + "\n# EOF\n"
        // The password is "canary-password".
        let users = "basic_auth_users: {reader: $2b$05$abcdefghijklmnopqrstuuTvmw3qcMpAvEgQGhbFMhqjD3R/evDDW}"
        try await PrometheusServer.run(.init(samples: text, webConfiguration: users)) { server in
            try await Program.withDirectory { directory in
                let scaler = """
                    apiVersion: autoscaling.example.com/v1
                    kind: GeneralScaler
                    metadata: {name: app}
                    spec:
                      targetDeployment: app
                      maxReplicas: 9
                      metrics:
                        - type: prometheus
                          targetValue: 100
                          config:
                            address: "\(server.address)"
                            query: load
                            auth:
                              basic:
                                username: reader
                                password: {valueFrom: {secretKeyRef: {name: login, key: password}}}
                    """
                try Program.write(scaler, to: "\(directory)/app.yaml")
                let arguments = [
                    "simulate", "-f", "\(directory)/app.yaml", "--recorded-replicas", "1", "--decisions", "-",
                    "--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:01:00Z",
                ]
                let without = try await Program.run(arguments)
                #expect(without.code == 1)
                #expect(without.errors.contains("--secret login/password=FILE"), "\(without.errors)")
                for (password, code) in [
                    ("canary-password", 0), ("\u{FEFF}canary-password", 0), ("canary-mistaken", 1),
                ] {
                    try Program.write(password, to: "\(directory)/password")
                    let outcome = try await Program.run(
                        arguments + ["--secret", "login/password=\(directory)/password"])
                    #expect(outcome.code == Int32(code), "\(outcome.errors)")
                    #expect(!outcome.errors.contains("canary"))
                    #expect(!outcome.output.contains("canary"))
                }
            }
        }
    }

    @Test("the example trace equals the output of its script")
    func trace() async throws {
        let made = try await Program.python("examples/simulate/make-trace.py")
        let kept = try Data(contentsOf: URL(filePath: Self.week))
        #expect(made == String(decoding: kept, as: UTF8.self))
    }
}
