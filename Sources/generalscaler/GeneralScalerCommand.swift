import ArgumentParser
import CommandSupport
import HTTPTransport
import PluginProtocol

@main
struct GeneralScalerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generalscaler",
        abstract: "Scale any Kubernetes workload on any metric.",
        version: VersionText.line(
            "generalscaler", ProjectVersion.current, commit: BuildStamp.commit, swift: BuildStamp.swift),
        subcommands: [
            RunCommand.self, ConsoleCommand.self, MCPCommand.self, SimulateCommand.self, TuneCommand.self,
            ValidateCommand.self,
            MigrateCommand.self, ExplainCommand.self, TopCommand.self, DecideCommand.self, SchemaCommand.self,
        ]
    )

    static func main() async { await runProgram(prepare: HTTPLibrary.initialize) }
}
