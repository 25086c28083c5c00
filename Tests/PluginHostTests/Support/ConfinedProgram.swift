import Subprocess
import SystemPackage
import TestSupport

/// A program that runs without a host: unconfined, or confined by `generalscaler-launch`.
enum ConfinedProgram {
    struct Outcome: Sendable {
        let output: String
        let errors: String
        let status: TerminationStatus
    }

    static func run(_ options: [String], _ command: [String]) async throws -> Outcome {
        try await run([BuiltExecutable.path("generalscaler-launch")] + options + ["--"] + command)
    }

    static func run(_ command: [String]) async throws -> Outcome {
        let result = try await Subprocess.run(
            .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return Outcome(
            output: result.standardOutput, errors: result.standardError, status: result.terminationStatus)
    }
}
