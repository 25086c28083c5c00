import TestSupport
import Testing
import WireFormats

@Suite("generalscaler simulate with gaps and odd traces", .timeLimit(.minutes(5)))
struct SimulateGapTests {
    private static let scaler = """
        apiVersion: autoscaling.example.com/v1
        kind: GeneralScaler
        metadata: {name: app}
        spec:
          targetDeployment: app
          maxReplicas: 9
          metrics:
            - {name: requests, type: prometheus, targetValue: 100, targetType: AverageValue, config: {query: up}}
        """

    /// Simulates the scaler with the trace.
    private func simulate(
        _ trace: [UInt8], _ options: String..., name: String = "trace.csv", scaler: String = scaler
    ) async throws -> Program.Outcome {
        try await Program.withDirectory { directory in
            try Program.write(scaler, to: "\(directory)/app.yaml")
            try Program.write(trace, to: "\(directory)/\(name)")
            return try await Program.run(
                ["simulate", "-f", "\(directory)/app.yaml", "--trace", "\(directory)/\(name)"] + options)
        }
    }

    /// Returns a trace of 41 samples with the given number of gaps.
    private static func trace(gaps: Int) -> [UInt8] {
        let rows = (0..<40).map { "\(1_772_409_607 + $0 * 15),\($0 < gaps ? "" : "250")" }
        return Array((["time,requests"] + rows).joined(separator: "\n").utf8)
    }

    @Test(
        "unknown time has its own row; more than 5% is a warning, and more than 50% a failure",
        arguments: [
            (0, "0 s (0.00%)", nil, 0), (2, "30 s (5.00%)", nil, 0),
            (3, "45 s (7.50%)", "warning: 7.50% of the time", 0),
            (20, "5 min (50.00%)", "warning: 50.00% of the time", 0),
            (21, "5 min 15 s (52.50%)", "error: 52.50% of the time (5 min 15 s) has no data", 1),
            (40, "10 min (100.00%)", "error: 100.00% of the time", 1),
        ] as [(Int, String, String?, Int32)])
    func thresholds(gaps: Int, row: String, message: String?, code: Int32) async throws {
        let outcome = try await simulate(Self.trace(gaps: gaps))
        #expect(outcome.code == code)
        #expect(
            outcome.errors.hasPrefix(message ?? "") && (message != nil) == !outcome.errors.isEmpty, "\(outcome.errors)")
        let rows = outcome.output.split(separator: "\n")
        #expect(rows.contains { $0.hasPrefix("unknown") && $0.hasSuffix(row) }, "\(outcome.output)")
        let outOfSLO = rows.first { $0.hasPrefix("out of SLO") }
        #expect(outOfSLO?.hasSuffix(gaps == 40 ? " -" : "%)") == true)
        if code == 1 {
            let allowed = try await simulate(Self.trace(gaps: gaps), "--allow-gaps", "--json")
            #expect(allowed.code == 0)
            #expect(allowed.errors.hasPrefix("warning: "))
            let share = try JSON(parsing: allowed.output)[0]?["shareUnknown"]?.doubleValue
            #expect(share == Double(gaps) / 40)
        }
    }

    @Test("a sweep of the target compares every target with the capacity of the original scaler")
    func sweep() async throws {
        let rows = (0..<40).map { "\(1_772_409_607 + $0 * 15),\(400 + $0)" }
        let trace = Array((["time,requests"] + rows).joined(separator: "\n").utf8)
        let outcome = try await simulate(trace, "--json", "--sweep", "metrics[0].targetValue=50,100,200,400")
        let results = try #require(try JSON(parsing: outcome.output).arrayValue)
        #expect(Set(results.compactMap { $0["capacityPerReplica"]?["requests"]?.doubleValue?.rounded() }) == [110])
        let shares = results.compactMap { $0["shareOutOfSLO"]?.doubleValue }
        #expect(shares == shares.sorted())
        #expect(shares[3] > shares[0])
        let table = try await simulate(trace, "--sweep", "metrics[0].targetValue=50,400")
        let lines = table.output.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true)
        }
        #expect(lines.suffix(2).allSatisfy { $0.contains("110") })
        #expect(lines.contains { $0.contains("capacity") })
    }

    @Test("a capacity of a metric that only one of two scalers has applies to that scaler")
    func compare() async throws {
        try await Program.withDirectory { directory in
            try Program.write(Self.scaler, to: "\(directory)/a.yaml")
            try Program.write(
                Self.scaler.replacing("requests", with: "rps").replacing("targetValue: 100", with: "targetValue: 300"),
                to: "\(directory)/b.yaml")
            try Program.write(Self.trace(gaps: 0), to: "\(directory)/trace.csv")
            let files = ["-f", "\(directory)/a.yaml", "--compare", "\(directory)/b.yaml"]
            let arguments =
                ["simulate", "--trace", "\(directory)/trace.csv", "--json", "--capacity-per-replica"] + files
            let first = try await Program.run(["simulate", "--trace", "\(directory)/trace.csv", "--json"] + files)
            let reference = try JSON(parsing: first.output).arrayValue?.map { $0["capacityPerReplica"] }
            #expect(reference?[0]?["requests"] == reference?[1]?["rps"])
            let named = try await Program.run(arguments.prefix(5) + ["rps=170"] + files)
            #expect(named.code == 0, "\(named.errors)")
            let summaries = try JSON(parsing: named.output)
            #expect(summaries[0]?["capacityPerReplica"]?["requests"]?.doubleValue?.rounded() == 110)
            #expect(summaries[1]?["capacityPerReplica"] == ["rps": 170])
            let unnamed = try JSON(parsing: try await Program.run(arguments.prefix(5) + ["130"] + files).output)
            #expect(unnamed[1]?["capacityPerReplica"] == ["rps": 130])
        }
    }

    @Test("simulate detects a trace's format from its content, with any name, encoding and time zone")
    func traces() async throws {
        let json = Array(#"[{"time":1772409600000,"requests":"161"},{"time":1772409615000,"requests":150}]"#.utf8)
        for name in ["trace.JSON", "trace.txt"] {
            let outcome = try await simulate([0xEF, 0xBB, 0xBF] + json, "--json", name: name)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(try JSON(parsing: outcome.output)[0]?["polls"] == 2)
        }
        let local = Array("Time,requests\r\n2026-03-02 01:00:00,161\r\n2026-03-02 01:00:15,150\r\n".utf8)
        let refused = try await simulate(local, name: "TRACE.CSV")
        #expect(refused.code == 1)
        #expect(refused.errors.contains("line 2, column 1 (Time): \"2026-03-02 01:00:00\" has no time zone"))
        #expect(refused.errors.contains("--trace-time-zone"))
        for zone in ["+01:00", "Etc/GMT-1"] {
            let outcome = try await simulate(local, "--trace-time-zone", zone)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("2026-03-02T00:00:00Z to 2026-03-02T00:00:15Z"), "\(outcome.output)")
        }
        for zone in ["Nowhere/City", "../zoneinfo/UTC", "/etc/localtime", ""] {
            let outcome = try await simulate(local, "--trace-time-zone", zone)
            #expect(outcome.code == 2)
            #expect(outcome.errors.contains("--trace-time-zone: \"\(zone)\" is neither"), "\(outcome.errors)")
        }
        let rounded = try await simulate(Array("time,requests\n1.7724E+09,1\n1.7725E+09,2\n".utf8), "--allow-gaps")
        #expect(rounded.code == 0)
        #expect(rounded.errors.hasPrefix("note: The times are in scientific notation"))
    }
}
