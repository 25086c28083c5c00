import PluginProtocol
import Subprocess
import TestSupport
import Testing
import WireFormats

/// The outcome of the plugin in a separate process.
@Suite(.timeLimit(.minutes(5))) struct PluginProcessTests {
    private struct Outcome {
        let status: TerminationStatus
        let answers: [PluginMessage]
        let standardError: String
    }

    /// Starts the test plugin, completes the handshake, makes one call of each behavior, and closes its input.
    private func play(_ behaviors: String..., deadlineMs: Int = 5_000) async throws -> Outcome {
        var lines = [SessionScript.initialize]
        for (index, behavior) in behaviors.enumerated() {
            lines.append(
                SessionScript.call(index + 1, deadlineMs: deadlineMs).replacing(
                    #""config":{}"#, with: #""config":{"behavior":"\#(behavior)","token":"canary"}"#))
        }
        let result = try await run(
            .name("test-plugin"), environment: .inherit.updating(["PATH": BuiltExecutable.directory]),
            input: .string(lines.joined(separator: "\n") + "\n"), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        return Outcome(
            status: result.terminationStatus,
            answers: try result.standardOutput.split(separator: "\n").map {
                try PluginMessage.decode(JSON(parsing: String($0)))
            },
            standardError: result.standardError)
    }

    @Test("a plugin process answers calls, and exits 0 when its input ends")
    func pluginProcessAnswers() async throws {
        let outcome = try await play("answer", "fail")
        #expect(outcome.status == .exited(0))
        #expect(outcome.answers.map(\.id) == [0, 1, 2])
        #expect(outcome.answers[2].error == PluginError(.notFound, "there is no such thing", path: "value"))
        #expect(outcome.standardError.isEmpty)
    }

    @Test("a stray print goes to standard error and not into the protocol")
    func strayPrintGoes() async throws {
        let outcome = try await play("print")
        #expect(outcome.answers.map(\.id) == [0, 1])
        #expect(outcome.standardError == "a stray print, and the token is Optional(***)\n")
    }

    @Test("a plugin logs to standard error with the SDK alone")
    func pluginLogsStandard() async throws {
        let outcome = try await play("log")
        #expect(outcome.answers.map(\.id) == [0, 1])
        #expect(outcome.standardError.contains(" notice test:"))
        #expect(outcome.standardError.contains("token=Optional(***)"))
        #expect(outcome.standardError.contains("a log line"))
    }

    @Test("a secret that a plugin puts into an error is masked")
    func secretPluginPuts() async throws {
        let outcome = try await play("leak")
        #expect(outcome.answers.last?.error?.message == "the server refuses ***")
    }

    /// Longer than the suite's time limit: a plugin that waits for the call's deadline fails the test.
    private static let endless = 3_600_000

    @Test("a waiting call does not keep the plugin running after the end of its input")
    func waitingCallKeep() async throws {
        let outcome = try await play("answer", "wait", deadlineMs: Self.endless)
        #expect(outcome.status == .exited(0))
        #expect(outcome.answers.map(\.id) == [0, 1])
    }

    @Test("a call that blocks its thread does not keep the plugin running after end of input")
    func callBlocksThread() async throws {
        let outcome = try await play("block", deadlineMs: Self.endless)
        #expect(outcome.status == .exited(0))
        #expect(outcome.answers.map(\.id) == [0])
    }
}
