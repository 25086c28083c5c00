import Foundation
import PackagePlugin

/// Adds `BuildStamp`, with the commit and the Swift version that a program is built from, to the program's sources.
///
/// `scripts/build-stamp.sh` runs before each build and writes the file only if its text changes. Only programs have it: a
/// library would be compiled again after each commit, with everything that depends on it.
@main
struct BuildStamp: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let package = context.package.directoryURL
        let output = context.pluginWorkDirectoryURL.appending(path: "stamp")
        let environment = ProcessInfo.processInfo.environment.filter { ["PATH", "GENERALSCALER_COMMIT"].contains($0.key) }
        return [
            .prebuildCommand(
                displayName: "Stamp \(target.name)", executable: URL(filePath: "/bin/sh"),
                arguments: [
                    package.appending(path: "scripts/build-stamp.sh").path, package.path,
                    try context.tool(named: "swiftc").url.path, output.path,
                ],
                environment: environment, outputFilesDirectory: output)
        ]
    }
}
