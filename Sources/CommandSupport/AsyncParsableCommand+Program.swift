package import ArgumentParser
import FoundationEssentials
import Glibc

/// The exit code of an invalid flag or configuration.
private let usageError: Int32 = 2

extension AsyncParsableCommand {
    /// Parses the command line and runs the command. A usage error is printed as one line on stderr.
    ///
    /// - Parameter prepare: Called once the command line is known to be valid.
    package static func runProgram(prepare: () -> Void) async {
        do {
            if let unknown = UnknownCommand(CommandLine.arguments.dropFirst(), of: Self.self) {
                throw ValidationError("\(unknown)")
            }
            var command = try parseAsRoot()
            prepare()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exitProgram(with: error)
        }
    }

    private static func exitProgram(with error: any Error) -> Never {
        let code = exitCode(for: error)
        // Help and version were requested, and a bare exit code has been explained already.
        if code == .success || error is ExitCode { exit(withError: error) }
        let words = (error as? CocoaError)?.shortText ?? message(for: error)
        // A required option is missing because it is misspelled.
        let isMissing = words.hasPrefix("Missing expected argument")
        let unknown = isMissing ? UnknownOption(CommandLine.arguments.dropFirst(), of: Self.self) : nil
        let text = unknown?.description ?? UsageText.oneLine(words)
        StandardStreams.write(Array("\(configuration.commandName ?? ""): \(text)\n".utf8), to: STDERR_FILENO)
        Glibc.exit(usageError)
    }
}
