import ArgumentParser
import CommandSupport
import HTTPTransport
import PluginProtocol

/// The tools for trying GeneralScaler and developing plugins on one machine. Not part of the image.
@main
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generalscaler-dev",
        abstract: "Try GeneralScaler and develop for it on this machine.",
        version: VersionText.line(
            "generalscaler-dev", ProjectVersion.current, commit: BuildStamp.commit, swift: BuildStamp.swift),
        subcommands: [DemoCommand.self, TryCommand.self, ClusterCommand.self, NewPluginCommand.self]
    )

    static func main() async { await runProgram(prepare: HTTPLibrary.initialize) }
}
