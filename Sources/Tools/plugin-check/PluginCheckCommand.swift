import ArgumentParser
import CommandSupport
import Glibc
import PluginConformance
import PluginProtocol

/// Checks a plugin for conformance to the plugin protocol.
@main
struct PluginCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin-check",
        abstract: "Check a plugin for conformance to the plugin protocol.",
        discussion: """
            Exit status: 0 conformant, 1 rules are broken, 2 usage error, 3 the plugin cannot be started, 4 it does not \
            answer or exit in time.
            """,
        version: VersionText.line(
            "plugin-check", ProjectVersion.current, commit: BuildStamp.commit, swift: BuildStamp.swift),
        subcommands: [
            TestCommand.self, CallCommand.self, BenchCommand.self, FuzzCommand.self, ReplCommand.self,
            ExplainCommand.self, SchemaCommand.self,
        ]
    )

    /// Parses the command line and runs the command. A usage error is printed as one line on stderr.
    static func main() {
        if let unknown = UnknownCommand(CommandLine.arguments.dropFirst(), of: Self.self) {
            StandardStreams.printError("plugin-check: \(unknown)")
            Glibc.exit(ExitStatus.usage.rawValue)
        }
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as LaunchError {
            StandardStreams.printError("plugin-check: \(error)")
            Glibc.exit(ExitStatus.cannotLaunch.rawValue)
        } catch {
            // Help and version were requested, and a bare exit code has been explained already.
            if exitCode(for: error) == .success || error is ExitCode { exit(withError: error) }
            let text = UsageText.oneLine(message(for: error))
            let isAboutArguments = ["Unknown option", "Unexpected argument", "unexpected argument"]
                .contains { text.contains($0) }
            StandardStreams.printError(
                "plugin-check: " + text + (isAboutArguments ? " (write the plugin's own arguments after --)" : ""))
            Glibc.exit(ExitStatus.usage.rawValue)
        }
    }
}

/// The exit status of plugin-check.
enum ExitStatus: Int32 {
    case conformant = 0
    case failures
    case usage
    case cannotLaunch
    case hang

    /// Ends the command with this status, unless it is a success.
    func end() throws {
        if self != .conformant { throw ExitCode(rawValue) }
    }

    init(_ findings: [Finding]) {
        self = findings.isEmpty ? .conformant : findings.contains(where: \.isHang) ? .hang : .failures
    }
}
