import Subprocess
import SystemPackage
import TestSupport
import Testing

@Suite("--version", .timeLimit(.minutes(1)))
struct VersionTests {
    @Test("every program's --version prints the chart's version", arguments: ["generalscaler", "plugin-check"])
    func version(program: String) async throws {
        let chart = try Program.read("charts/generalscaler/Chart.yaml")
        let line = try #require(chart.split(separator: "\n").first { $0.hasPrefix("appVersion: ") })
        let result = try await Subprocess.run(
            .path(FilePath(BuiltExecutable.path(program))), arguments: ["--version"], input: .none,
            output: .string(limit: 1 << 10), error: .string(limit: 1 << 10))
        #expect(result.terminationStatus == .exited(0))
        #expect(result.standardOutput == "\(program) \(line.dropFirst("appVersion: ".count))\n")
        #expect(result.standardError == "")
    }
}
