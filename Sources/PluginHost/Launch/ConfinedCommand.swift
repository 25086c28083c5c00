/// The command that runs a plugin in the host's sandbox, for use without a host.
package enum ConfinedCommand {
    /// Returns the directories that the plugin's `PATH` has in the sandbox.
    package static func searchPath(_ path: String, readPaths: [String]) -> String {
        Interpreter(searchPath: path, readPaths: readPaths).searchPath
    }

    /// Checks the interpreter of a script.
    ///
    /// - Throws: the reason why it cannot run in the sandbox, with the fix.
    package static func checkInterpreter(
        of path: String, searchPath: String, readPaths: [String]
    ) throws(PluginHostError) {
        do throws(LaunchProblem) {
            try Interpreter(searchPath: searchPath, readPaths: readPaths).check(path)
        } catch {
            throw PluginHostError("\(error)")
        }
    }

    /// - Parameters:
    ///   - path: the plugin's executable.
    ///   - launcher: the path of `generalscaler-launch`.
    ///   - temporary: the only directory in which the plugin may write.
    ///   - readPaths: paths that the plugin may read, in addition to the common ones.
    ///   - searchPath: the plugin's `PATH`, used to find the interpreter of a script.
    ///   - protectedPaths: paths that the plugin may not read, regardless of `readPaths`.
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
