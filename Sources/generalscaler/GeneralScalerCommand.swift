import ArgumentParser
import FoundationEssentials
import Glibc
import HTTPTransport
import PluginProtocol

@main
struct GeneralScalerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generalscaler",
        abstract: "Scale any Kubernetes workload on any metric.",
        version: "generalscaler \(ProjectVersion.current)",
        subcommands: [
            RunCommand.self, DemoCommand.self, SimulateCommand.self, ValidateCommand.self, ExplainCommand.self,
            DecideCommand.self, NewPluginCommand.self, DevClusterCommand.self,
        ]
    )

    /// What a wrong flag or configuration exits with.
    private static let usageError: Int32 = 2

    /// Parses and runs. What the user got wrong is one line on stderr.
    static func main() async {
        do {
            var command = try parseAsRoot()
            HTTPLibrary.initialize()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(with: error)
        }
    }

    private static func exit(with error: any Error) -> Never {
        let code = exitCode(for: error)
        // Help and version are what was asked for, and a bare exit code has been explained already.
        if code == .success || error is ExitCode { Self.exit(withError: error) }
        let words = (error as? CocoaError)?.shortText ?? message(for: error)
        let text = words.split(separator: "\n").first ?? "it failed"
        StandardStreams.write(Array("generalscaler: \(text)\n".utf8), to: STDERR_FILENO)
        Glibc.exit(usageError)
    }
}
