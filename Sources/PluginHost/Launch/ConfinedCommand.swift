/// The command that runs a plugin in the host's sandbox, for callers without a host.
package enum ConfinedCommand {
    /// - Parameters:
    ///   - path: the plugin's executable.
    ///   - launcher: the path of `generalscaler-launch`.
    ///   - temporary: the one directory that the plugin may write to.
    ///   - readPaths: what it may read beyond what every plugin may.
    ///   - searchPath: the `PATH` that it gets, by which the interpreter of a script is found.
    ///   - protectedPaths: paths that it may not read, regardless of `readPaths`.
    /// - Returns: the launcher, its arguments, and the plugin's command.
    /// - Throws: ``PluginHostError`` if the plugin cannot be run.
    package static func words(
        _ path: String, arguments: [String], launcher: String, temporary: String, readPaths: [String],
        searchPath: String, protectedPaths: [String]
    ) throws(PluginHostError) -> [String] {
        let file: ProgramFile
        do throws(LaunchProblem) {
            file = try ProgramFile(path, interpreter: Interpreter(searchPath: searchPath, readPaths: readPaths))
        } catch {
            throw PluginHostError("\(error)")
        }
        let program = PluginProgram(
            name: ProgramFile.name(of: path), path: file.path, arguments: arguments, environment: ["PATH": searchPath],
            readPaths: readPaths)
        let options = PluginLauncher.options(
            program, file: file, executable: file.path, temporary: temporary, runtime: SwiftRuntime.directory,
            protectedPaths: protectedPaths)
        return [launcher] + options + ["--", file.path] + arguments
    }
}
