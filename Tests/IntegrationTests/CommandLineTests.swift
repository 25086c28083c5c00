import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

@Suite("The command line", .timeLimit(.minutes(5)))
struct CommandLineTests {
    private func run(
        _ program: String, _ arguments: [String]
    ) async throws -> (status: TerminationStatus, output: String, error: String) {
        let result = try await Subprocess.run(
            .path(FilePath(BuiltExecutable.path(program))), arguments: Arguments(arguments),
            output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        return (result.terminationStatus, result.standardOutput, result.standardError)
    }

    @Test(
        "a usage error is one line on standard error and exit status 2",
        arguments: [
            (["run", "--no-such-flag"], "no-such-flag"),
            (["run", "--kubeconfig", "/nonexistent/config"], "/nonexistent/config"),
            (["run", "--log-level", "loud"], "loud"),
            (["run", "--listen", "nowhere"], "nowhere"),
            (["nonsense"], "nonsense"),
            (["dev-cluster"], "dev-cluster"),
        ])
    func mistakes(arguments: [String], hint: String) async throws {
        try await expectUsageError("generalscaler", arguments, hint)
    }

    @Test(
        "a usage error of generalscaler-dev is one line on standard error and exit status 2",
        arguments: [
            (["cluster", "--startup-delay", "-1"], "startup-delay"),
            (["run"], "run"),
            (["nonsense"], "nonsense"),
            (["new-plugin", "--language", "swift", "queue"], "--sdk-path"),
            (["new-plugin", "--language", "swift", "--sdk-path", "/nonexistent", "queue"], "/nonexistent/Sources"),
            (["new-plugin", "--language", "cobol", "queue"], "cobol"),
        ])
    func mistakesInTools(arguments: [String], hint: String) async throws {
        try await expectUsageError("generalscaler-dev", arguments, hint)
    }

    private func expectUsageError(_ program: String, _ arguments: [String], _ hint: String) async throws {
        let result = try await run(program, arguments)
        #expect(result.status == .exited(2))
        #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        #expect(result.error.hasPrefix("\(program): ") && result.error.contains(hint), "\(result.error)")
        #expect(result.output.isEmpty)
    }

    @Test("an invalid plugins.yaml is reported with its line")
    func wrongManifest() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        let kubeconfig = directory.appending(path: "config").path
        let manifest = directory.appending(path: "plugins.yaml").path
        try Data(
            """
            {apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}],
             contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}]}
            """.utf8
        ).write(to: URL(filePath: kubeconfig))
        try Data("plugins:\n  prometheus:\n    defualts: {}\n".utf8).write(to: URL(filePath: manifest))
        let result = try await run(
            "generalscaler", ["run", "--kubeconfig", kubeconfig, "--plugins-config", manifest])
        #expect(result.status == .exited(2))
        #expect(result.error.contains("plugins.yaml:3"), "\(result.error)")
        #expect(result.error.contains("defualts"), "\(result.error)")
    }

    @Test(
        "the help names every command and goes to standard output",
        arguments: [
            (
                "generalscaler",
                [
                    "console", "decide", "explain", "mcp", "migrate", "run", "schema", "simulate", "top", "tune",
                    "validate",
                ]
            ),
            ("generalscaler-dev", ["cluster", "demo", "new-plugin", "try"]),
        ])
    func help(program: String, commands: [String]) async throws {
        let result = try await run(program, ["--help"])
        #expect(result.status == .exited(0))
        let listed = result.output.matches(of: /\n  ([a-z][a-z-]*) {2,}/).map { String($0.1) }
        #expect(listed.sorted() == commands)
    }
}
