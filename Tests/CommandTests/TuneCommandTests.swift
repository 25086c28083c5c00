import FoundationEssentials
import TestSupport
import Testing
import WireFormats
import YAMLFormat

@Suite("generalscaler tune", .timeLimit(.minutes(5)))
struct TuneCommandTests {
    private static let scaler = """
        apiVersion: autoscaling.example.com/v1
        kind: GeneralScaler
        metadata: {name: shop}
        spec:
          targetDeployment: shop
          maxReplicas: 40
          mode: DryRun
          pollingIntervalSeconds: 600
          metrics: [{name: requests, type: prometheus, config: {query: up}, targetValue: 100, targetType: AverageValue}]
        """

    /// Three days of a load that rises every morning, every five minutes from 3:07.
    private static let trace =
        "time,requests\n"
        + (0..<864).map { index in
            let minute = (index * 5 + 187) % 1_440
            return "\(1_772_420_827 + index * 300),\((480..<1_033).contains(minute) ? 2_150 + index % 7 * 31 : 320)\n"
        }.joined()

    private static func withFiles(_ body: (_ scaler: String, _ trace: String, _ directory: String) async throws -> Void)
        async throws
    {
        try await Program.withDirectory { directory in
            try Program.write(scaler, to: "\(directory)/scaler.yaml")
            try Program.write(trace, to: "\(directory)/trace.csv")
            try await body("\(directory)/scaler.yaml", "\(directory)/trace.csv", directory)
        }
    }

    @Test("tune proposes settings, and a patch that makes the scaler valid and better")
    func proposals() async throws {
        try await Self.withFiles { scaler, trace, directory in
            let patch = "\(directory)/patch.yaml"
            let outcome = try await Program.run(
                "tune", "-f", scaler, "--trace", trace, "--startup-delay", "300", "--time-limit", "86400", "--json",
                "--patch", patch)
            #expect(outcome.code == 0, "\(outcome.errors)")
            let report = try JSON(parsing: outcome.output)
            let number = try #require(report["recommended"]?.intValue)
            let proposal = try #require(report["proposals"]?[number - 1])
            let (now, learned) = (report["now"]?["learned"], proposal["learned"])
            let saved = try #require(learned?["replicaHours"]?.doubleValue)
            #expect(try saved <= #require(now?["replicaHours"]?.doubleValue))
            #expect(proposal["heldBack"]?["polls"]?.doubleValue ?? 0 > 100)

            let text = String(decoding: try Data(contentsOf: URL(filePath: patch)), as: UTF8.self)
            let written = try YAMLDocument.parse(text)
            #expect(written == proposal["patch"])
            var spec = try #require(try YAMLDocument.parse(Self.scaler)["spec"]?.objectValue)
            for (key, value) in written["spec"]?.objectValue ?? [:] { spec[key] = value }
            let patched: JSON = [
                "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler", "metadata": ["name": "shop"],
                "spec": .object(spec),
            ]
            try Program.write("\(patched)", to: scaler)
            let check = try await Program.run("validate", "-f", scaler, "--without-plugins")
            #expect(check.code == 0, "\(check.output)\(check.errors)")
        }
    }

    @Test("tune shows a table with the current spec, the proposals and the targets alone")
    func table() async throws {
        try await Self.withFiles { scaler, trace, _ in
            let outcome = try await Program.run(
                "tune", "-f", scaler, "--trace", trace, "--time-limit", "86400", "--time-zone", "Europe/Berlin",
                "--point",
                "1")
            #expect(outcome.code == 0, "\(outcome.errors)")
            let lines = outcome.output.split(separator: "\n").map(String.init)
            #expect(lines[0].contains("held back"))
            #expect(lines.contains { $0.hasPrefix("now ") } && lines.contains { $0.hasPrefix("1 ") })
            #expect(lines.contains("The target alone:"))
            #expect(lines.contains("# kubectl patch generalscaler shop --type merge --patch-file FILE"))
            #expect(lines.contains("spec:"))
        }
    }

    @Test("tune refuses a proposal that is not in the table, an unknown zone and a trace too short to hold back a part")
    func refused() async throws {
        try await Self.withFiles { scaler, trace, directory in
            let point = try await Program.run(
                "tune", "-f", scaler, "--trace", trace, "--time-limit", "1", "--point", "99")
            #expect(point.code == 1)
            #expect(point.errors.contains("--point 99: the table has "))
            let zone = try await Program.run("tune", "-f", scaler, "--trace", trace, "--time-zone", "Mars/Phobos")
            #expect(zone.code == 64 || zone.code == 2)
            #expect(zone.errors.contains("Mars/Phobos"))
            try Program.write("time,requests\n0,1\n15,2\n", to: "\(directory)/short.csv")
            let short = try await Program.run("tune", "-f", scaler, "--trace", "\(directory)/short.csv")
            #expect(short.code == 1)
            #expect(short.errors.contains("fewer than two samples"))
        }
    }

    @Test("tune refuses a trace with mostly no data, before it searches")
    func withoutData() async throws {
        try await Self.withFiles { scaler, _, directory in
            let rows = (0..<97).map { "\($0 * 61),\($0 < 13 ? "7.3" : "")\n" }.joined()
            try Program.write("time,requests\n\(rows)", to: "\(directory)/empty.csv")
            let outcome = try await Program.run("tune", "-f", scaler, "--trace", "\(directory)/empty.csv")
            #expect(outcome.code == 1 && outcome.output.isEmpty)
            #expect(outcome.errors.contains("% of the time has no data, which is too little to compare settings"))
        }
    }
}
