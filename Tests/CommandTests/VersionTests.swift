import Subprocess
import SystemPackage
import TestSupport
import Testing

@Suite("--version", .timeLimit(.minutes(1)))
struct VersionTests {
    @Test(
        "every program's --version prints the chart's version, the commit and the Swift version",
        arguments: ["generalscaler", "generalscaler-dev", "plugin-check"])
    func version(program: String) async throws {
        let chart = try Program.read("charts/generalscaler/Chart.yaml")
        let line = try #require(chart.split(separator: "\n").first { $0.hasPrefix("appVersion: ") })
        let result = try await Subprocess.run(
            .path(FilePath(BuiltExecutable.path(program))), arguments: ["--version"], input: .none,
            output: .string(limit: 1 << 10), error: .string(limit: 1 << 10))
        #expect(result.terminationStatus == .exited(0))
        let output = result.standardOutput
        let built = try #require(
            output.wholeMatch(of: /(.+) \(commit (?:[0-9a-f]{40}|unknown), Swift [0-9]+\.[0-9.]+\)\n/))
        #expect(built.1 == "\(program) \(line.dropFirst("appVersion: ".count))")
        #expect(result.standardError == "")
    }
}
