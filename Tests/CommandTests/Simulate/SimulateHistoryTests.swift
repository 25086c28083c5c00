import FoundationEssentials
import TestSupport
import Testing
import WireFormats

@Suite("generalscaler simulate with the history of a source", .timeLimit(.minutes(10)))
struct SimulateHistoryTests {
    private static func scaler(_ address: String, query: String, more: String = "") -> String {
        """
        apiVersion: autoscaling.example.com/v1
        kind: GeneralScaler
        metadata: {name: app}
        spec:
          targetDeployment: app
          minReplicas: 1
          maxReplicas: 20
          metrics:
            - type: prometheus
              config: {address: "\(address)", query: "\(query)"\(more)}
              targetType: AverageValue
              targetValue: 50
        """
    }

    private func simulate(_ scaler: String, _ options: [String]) async throws -> Program.Outcome {
        try await Program.withDirectory { directory in
            try Program.write(scaler, to: "\(directory)/app.yaml")
            return try await Program.run(["simulate", "-f", "\(directory)/app.yaml", "--json"] + options)
        }
    }

    @Test("simulate fetches the history of each scaler under a budget from a real server")
    func group() async throws {
        try await PrometheusServer.run { server in
            try await Program.withDirectory { directory in
                func scaler(_ name: String, load: Int) -> String {
                    """
                    apiVersion: autoscaling.example.com/v1
                    kind: GeneralScaler
                    metadata: {name: \(name), namespace: shop, labels: {team: shop}}
                    spec:
                      targetDeployment: \(name)
                      maxReplicas: 20
                      metrics:
                        - type: prometheus
                          config: {address: "\(server.address)", query: "vector(\(load))"}
                          targetType: AverageValue
                          targetValue: 100
                    """
                }
                try Program.write(
                    """
                    \(scaler("checkout", load: 480))
                    ---
                    \(scaler("search", load: 930))
                    ---
                    apiVersion: autoscaling.example.com/v1
                    kind: ScalingBudget
                    metadata: {name: team-shop}
                    spec: {selector: {matchLabels: {team: shop}}, limits: [{unit: replicas, amount: 11}]}
                    """, to: "\(directory)/shop.yaml")
                let outcome = try await Program.run(
                    "simulate", "-f", "\(directory)/shop.yaml", "--from", "3h", "--json")
                #expect(outcome.code == 0, "\(outcome.errors)")
                let summary = try JSON(parsing: outcome.output)
                let used = summary["budgets"]?[0]?["limits"]?[0]
                #expect(used?["peakUse"]?.doubleValue == 11, "\(summary)")
                let refused = try await Program.run(
                    "simulate", "-f", "\(directory)/shop.yaml", "--from", "3h", "--compare", "\(directory)/shop.yaml")
                #expect(
                    refused.code != 0 && refused.errors.contains("--sweep NAMESPACE/NAME.FIELD"), "\(refused.errors)")
            }
        }
    }

    @Test("simulate reads the last seven days of a real server as in the documentation")
    func sevenDays() async throws {
        try await PrometheusServer.run { server in
            try await Program.withDirectory { directory in
                let scaler = """
                    apiVersion: autoscaling.example.com/v1
                    kind: GeneralScaler
                    metadata: {name: app}
                    spec:
                      targetDeployment: app
                      maxReplicas: 20
                      metrics: [{type: prometheus, config: {query: "vector(125)"}, targetValue: 100}]
                    """
                try Program.write(scaler, to: "\(directory)/scaler.yaml")
                try Program.write(
                    "plugins: {prometheus: {defaults: {address: \"\(server.address)\"}}}",
                    to: "\(directory)/plugins.yaml")
                let outcome = try await Program.run(
                    "simulate", "-f", "\(directory)/scaler.yaml", "--from", "7d", "--recorded-replicas", "6", "--html",
                    "\(directory)/report.html", "--plugins-config", "\(directory)/plugins.yaml", "--json")
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(outcome.errors.isEmpty, "\(outcome.errors)")
                let summary = try #require(try JSON(parsing: outcome.output)[0])
                #expect(summary["polls"] == 40_321)
                #expect(summary["secondsUnknown"] == 0)
                #expect(summary["mostReplicas"] == 8)
                #expect(FileManager.default.fileExists(atPath: "\(directory)/report.html"))
            }
        }
    }

    @Test(
        "simulate accepts every notation of a time range and finds all its values",
        arguments: [
            ["--from", "2h", "--to", "now"], ["--from", "now-2h", "--to", "now-90s"],
            ["--from", "90m", "--to", "600s", "--step", "7"],
            ["--from", "2026-03-02T00:00:11.123457Z", "--to", "2026-03-02T01:00:02.999999Z"],
            ["--from", "2026-03-02T01:00:14.999999+01:00", "--to", "1772413200.000001", "--step", "60"],
            ["--from", "1772409607123", "--to", "1772413200"],
        ])
    func ranges(options: [String]) async throws {
        try await PrometheusServer.run { server in
            let outcome = try await simulate(Self.scaler(server.address, query: "vector(250)"), options)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(try JSON(parsing: outcome.output)[0]?["secondsUnknown"] == 0)
        }
        try await AlignedPrometheus.run { address in
            for more in ["", ", onEmpty: zero"] {
                let scaler = Self.scaler(address, query: "sum(rate(http_requests_total[5m]))", more: more)
                let outcome = try await simulate(scaler, options)
                #expect(outcome.code == 0, "\(outcome.errors)")
                let summary = try #require(try JSON(parsing: outcome.output)[0])
                #expect(summary["secondsUnknown"] == 0)
                #expect(summary["mostReplicas"] == 5)
                // No zero was invented, which would cause a scale-down.
                #expect(summary["scaleDowns"] == 0)
            }
        }
    }

    @Test("simulate fails on a history without data, and prints the plugin's message")
    func noData() async throws {
        try await PrometheusServer.run { server in
            let scaler = Self.scaler(server.address, query: "misspelt_total")
            let outcome = try await simulate(scaler, ["--from", "1h"])
            #expect(outcome.code == 1)
            #expect(outcome.errors.contains("error: 100.00% of the time (1 h) has no data"), "\(outcome.errors)")
            #expect(outcome.errors.contains("spec.metrics[0]: the query has an empty result"), "\(outcome.errors)")
            #expect(try JSON(parsing: outcome.output)[0]?["shareOutOfSLO"] == .null)
        }
    }

    @Test(
        "simulate refuses an invalid time range",
        arguments: [
            (["--from", "now"], "--from must be before --to"),
            (["--from", "1h", "--to", "2h"], "--from must be before"),
            (["--from", "7"], "--from 7 has no unit: write 7d for days"),
            (["--from", "yesterday"], "--from must be a time with its zone"),
            (["--from", "2026-03-02T00:00:11"], "not \"2026-03-02T00:00:11\""), (["--from", "now-"], "not \"now-\""),
            (["--from", "1h", "--to", "2026-03-02 00:00"], "--to must be a time with its zone"),
            (["--from", "0", "--step", "1"], "more than 6000000"),
        ])
    func refused(options: [String], message: String) async throws {
        let outcome = try await simulate(Self.scaler("http://127.0.0.1:1", query: "up"), options)
        #expect(outcome.code == 2)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }
}

/// A server that aligns the start and end of a range query to a multiple of the step; its value is always 250.
private enum AlignedPrometheus {
    static func run(_ body: (_ address: String) async throws -> Void) async throws {
        try await RawServer.run(script: serve) { port in try await body("http://127.0.0.1:\(port)") }
    }

    private static let serve: @Sendable (RawServer.Connection) -> Void = { connection in
        while let head = connection.readHead() {
            guard
                let line = head.lowercased().split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }),
                let length = line.split(separator: " ").last.flatMap({ Int($0) })
            else { return }
            var body: [UInt8] = []
            while body.count < length {
                guard let bytes = connection.read() else { return }
                body += bytes
            }
            let answer = answer(to: String(decoding: body, as: UTF8.self))
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)")
        }
    }

    private static func answer(to form: String) -> String {
        func field(_ name: String) -> String {
            let pair = form.split(separator: "&").first { $0.hasPrefix("\(name)=") } ?? ""
            return String(pair.dropFirst(name.count + 1)).replacing("%3A", with: ":")
        }
        let step = Int64(field("step")) ?? 15
        func aligned(_ name: String) -> Int64 {
            (RFC3339.microseconds(field(name)) ?? 0) / 1_000_000 / step * step
        }
        let values = stride(from: aligned("start"), through: aligned("end"), by: Int(step)).map { #"[\#($0),"250"]"# }
        return #"{"status":"success","isPartial":false,"data":{"resultType":"matrix","result":"#
            + #"[{"metric":{},"values":[\#(values.joined(separator: ","))]}]}}"#
    }
}
