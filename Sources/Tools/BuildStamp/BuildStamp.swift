import Foundation
import PackagePlugin

/// Adds `BuildStamp`, with the commit and the Swift version that a program is built from, to the program's sources.
///
/// `scripts/build-stamp.sh` runs when another commit has been checked out. Only programs have it: a library would be
/// compiled again after each commit, with everything that depends on it.
@main
struct BuildStamp: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let package = context.package.directoryURL
        let file = context.pluginWorkDirectoryURL.appending(path: "BuildStamp.swift")
        let environment = ProcessInfo.processInfo.environment.filter {
            ["PATH", "GENERALSCALER_COMMIT"].contains($0.key)
        }
        return [
            .buildCommand(
                displayName: "Stamp \(target.name)", executable: URL(filePath: "/bin/sh"),
                arguments: [
                    package.appending(path: "scripts/build-stamp.sh").path, package.path,
                    try context.tool(named: "swiftc").url.path, file.path,
                ],
                environment: environment, inputFiles: Self.checkoutFiles(of: package), outputFiles: [file])
        ]
    }

    /// Returns the files that change when another commit is checked out; none outside a Git repository. A prebuild command
    /// would need no such files, but the package manager skips it as long as no file is added or removed.
    private static func checkoutFiles(of package: URL) -> [URL] {
        var directory = package.appending(path: ".git")
        // In a worktree, a file that names the directory.
        if let text = try? String(contentsOf: directory, encoding: .utf8), text.hasPrefix("gitdir: ") {
            let path = text.dropFirst("gitdir: ".count).trimmingCharacters(in: .whitespacesAndNewlines)
            directory = URL(filePath: path, relativeTo: package)
        }
        return ["HEAD", "logs/HEAD"].map { directory.appending(path: $0).absoluteURL }
            .filter { FileManager.default.fileExists(atPath: $0.path) }
    }
}
