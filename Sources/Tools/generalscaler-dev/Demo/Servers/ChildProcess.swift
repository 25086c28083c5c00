import Subprocess
import Synchronization
import SystemPackage

/// A program that runs as long as the task that started it.
struct ChildProcess: Sendable {
    let program: String
    let arguments: [String]
    /// Variables in addition to those of this process.
    var environment: [String: String] = [:]
    /// Called for each line of its output.
    let onLine: @Sendable (Substring) -> Void

    /// How long the program may take to end on its own.
    private static let exitTime: Duration = .seconds(2)

    /// Runs the program until it ends or the task is cancelled, which ends it.
    ///
    /// - Returns: the status; nil if this task ended the program.
    func run() async throws -> TerminationStatus? {
        var platform = PlatformOptions()
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: Self.exitTime)]
        let variables = environment.compactMap { name, value in
            Environment.Key(rawValue: name).map { ($0, Optional(value)) }
        }
        do {
            let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
            let outcome = try await Subprocess.run(
                executable, arguments: Arguments(arguments),
                environment: .inherit.updating(Dictionary(uniqueKeysWithValues: variables)), platformOptions: platform,
                input: .none, output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                var rest = ""
                for try await chunk in execution.standardOutput {
                    rest += chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                    while let end = rest.firstIndex(of: "\n") {
                        onLine(rest[..<end])
                        rest.removeSubrange(...end)
                    }
                }
            }
            return Task.isCancelled ? nil : outcome.terminationStatus
        } catch {
            if Task.isCancelled { return nil }
            let cause = (error as? SubprocessError)?.underlyingError.map { "\($0)" } ?? "\(error)"
            throw DemoError("\(program) cannot be run: \(cause)")
        }
    }
}
