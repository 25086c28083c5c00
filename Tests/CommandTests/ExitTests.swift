import FoundationEssentials
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// Libraries clean up when a process exits, and a thread that still runs their code may then crash the process, most
/// likely if the command fails early.
@Suite("exits of the programs", .serialized, .timeLimit(.minutes(20)))
struct ExitTests {
    struct Ending: Sendable, CustomTestStringConvertible {
        let program: String
        var arguments: [String] = []
        var environment: [String: String] = [:]
        /// A crash in an exit handler changes the exit code.
        let code: Int32
        /// A text in standard error that identifies the failure.
        let message: String

        var testDescription: String { ([program] + arguments).joined(separator: " ") }
    }

    private static let repetitions = 200
    private static let atOnce = 8
    /// The concurrency of commands that mostly wait.
    private static let waitingAtOnce = 40

    static let commands = [
        Ending(
            program: "generalscaler", arguments: ["explain", "web", "--kubeconfig", "/nonexistent"], code: 2,
            message: "/nonexistent"),
        Ending(
            program: "generalscaler", arguments: ["run", "--kubeconfig", "/nonexistent"], code: 2,
            message: "/nonexistent"),
        Ending(
            program: "generalscaler", arguments: ["run", "--listen", "127.0.0.1:99999"], code: 2, message: "--listen"),
        Ending(
            program: "generalscaler",
            arguments: ["simulate", "-f", "/nonexistent", "--trace", "/nonexistent"], code: 1, message: "/nonexistent"),
        Ending(program: "generalscaler", arguments: ["validate", "-f", "/nonexistent"], code: 1, message: ""),
        Ending(program: "generalscaler", arguments: ["decide"], code: 1, message: "is not JSON"),
        Ending(program: "generalscaler-dev", arguments: ["demo", "--seconds", "1"], code: 2, message: "--seconds"),
        Ending(
            program: "generalscaler-dev",
            arguments: ["cluster", "--listen", "127.0.0.1:0", "--kubeconfig-out", "/nonexistent/k"], code: 2,
            message: "/nonexistent/k"),
        Ending(
            program: "generalscaler-dev", arguments: ["new-plugin", "--language", "python", "Not_A_Type"], code: 2,
            message: "Not_A_Type"),
        Ending(
            program: "plugin-check", arguments: ["test", "/nonexistent"], code: 3, message: "/nonexistent"),
        Ending(program: "event-queue", code: 2, message: "set PROJECT"),
    ]

    /// With an input that ends immediately, which ends a plugin.
    static let plugins = ["http", "prometheus", "redis", "pubsub"].map {
        Ending(program: "generalscaler-plugin-\($0)", code: 0, message: "")
    }

    @Test("a command that fails exits with its own code each time, and never by a signal", arguments: commands)
    func failing(_ ending: Ending) async throws { try await expectAlways(ending) }

    @Test("a plugin whose input ends exits with 0 each time, and never by a signal", arguments: plugins)
    func plugin(_ ending: Ending) async throws { try await expectAlways(ending) }

    @Test("explain exits normally each time if it cannot reach the cluster, and never by a signal")
    func unreachable() async throws {
        let port = try RawServer.unusedPort()
        let kubeconfig = """
            {apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: "https://127.0.0.1:\(port)"}}],
            users: [{name: u, user: {token: t}}], contexts: [{name: c, context: {cluster: c, user: u}}]}
            """
        try await Program.withDirectory { directory in
            try Program.write(kubeconfig, to: "\(directory)/kubeconfig")
            try await expectAlways(
                Ending(
                    program: "generalscaler", arguments: ["explain", "web", "--kubeconfig", "\(directory)/kubeconfig"],
                    code: 1, message: "127.0.0.1:\(port)"), atOnce: Self.waitingAtOnce)
        }
    }

    private func expectAlways(_ ending: Ending, atOnce: Int = Self.atOnce) async throws {
        try await withThrowingTaskGroup(of: (TerminationStatus, String).self) { group in
            for index in 0..<Self.repetitions {
                if index >= atOnce, let (status, errors) = try await group.next() {
                    expect(status, errors, ending)
                }
                group.addTask { try await Self.run(ending) }
            }
            for try await (status, errors) in group { expect(status, errors, ending) }
        }
    }

    private func expect(_ status: TerminationStatus, _ errors: String, _ ending: Ending) {
        #expect(status == .exited(ending.code), "\(errors)")
        if !ending.message.isEmpty { #expect(errors.contains(ending.message)) }
    }

    private static func run(_ ending: Ending) async throws -> (TerminationStatus, String) {
        let result = try await Subprocess.run(
            .path(FilePath(BuiltExecutable.path(ending.program))), arguments: Arguments(ending.arguments),
            environment: .custom(["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]), input: .none,
            output: .discarded, error: .string(limit: 1 << 16))
        return (result.terminationStatus, result.standardError)
    }
}
