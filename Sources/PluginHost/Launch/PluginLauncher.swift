import Glibc
import Subprocess
import SystemPackage

/// Prepares the start of a plugin's process: its directory, its environment, its confinement.
struct PluginLauncher: Sendable {
    /// The file name of the program that confines itself and then executes the plugin.
    static let programName = "generalscaler-launch"

    /// The path of the launcher.
    let program: String?
    /// The parent of the plugins' temporary directories.
    let workspaces: WorkspaceRoot
    /// Absolute paths that no plugin may read, regardless of `plugins.yaml`.
    let protectedPaths: [String]
    let guardProcess: GuardProcess

    struct Launch: Sendable {
        let configuration: Configuration
        let workspace: PluginWorkspace
        /// The fingerprint of the program at the time of preparation.
        let fingerprint: ProgramFile.Fingerprint?
    }

    /// Creates the plugin's directory, which the caller removes after the process has ended.
    @concurrent
    func prepare(_ plugin: PluginProgram, marker: EnvironmentMarker) async throws(LaunchProblem) -> Launch {
        let fingerprint = ProgramFile.Fingerprint(plugin.path)
        let interpreter = Interpreter(
            searchPath: plugin.environment["PATH"] ?? "", readPaths: plugin.isConfined ? plugin.readPaths : nil)
        let file = try ProgramFile(plugin.path, interpreter: interpreter)
        let root = try workspaces.path()
        let workspace = try PluginWorkspace(of: plugin.name, in: root)
        do throws(LaunchProblem) {
            let executable = try plugin.sha256.map { sha256 throws(LaunchProblem) in
                try workspace.pin(file.path, sha256: sha256)
            }
            let command = try command(
                plugin, file: file, executable: executable ?? file.path, workspace: workspace, root: root)
            var environment: [Environment.Key: String] = [:]
            for (name, value) in plugin.environment { environment[Environment.Key(stringLiteral: name)] = value }
            environment["PATH"] = interpreter.searchPath
            environment["TMPDIR"] = workspace.temporary
            environment[Environment.Key(stringLiteral: marker.name)] = marker.value
            var options = PlatformOptions()
            options.createSession = true
            let configuration = Configuration(
                executable: .path(FilePath(command[0])), arguments: Arguments(Array(command.dropFirst())),
                environment: .custom(environment), workingDirectory: FilePath(workspace.temporary),
                platformOptions: options)
            return Launch(configuration: configuration, workspace: workspace, fingerprint: fingerprint)
        } catch {
            _ = await workspace.remove()
            throw error
        }
    }

    private func command(
        _ plugin: PluginProgram, file: ProgramFile, executable: String, workspace: PluginWorkspace, root: String
    ) throws(LaunchProblem) -> [String] {
        guard plugin.isConfined else { return [executable] + plugin.arguments }
        guard let program else {
            throw LaunchProblem(
                "\(Self.programName), which confines it, is not in the directory of the operator's program. Install it there, or "
                    + "set confined: false for this plugin in plugins.yaml")
        }
        var options = Self.options(
            plugin, file: file, executable: executable, temporary: workspace.temporary,
            runtime: SwiftRuntime.directory, protectedPaths: protectedPaths + [root])
        options += ["--workspace", workspace.root]
        if let process = guardProcess.id { options += ["--guard-process", "\(process)"] }
        return [program] + options + ["--", executable] + plugin.arguments
    }

    /// Returns the launcher's arguments: additional permissions, and protected paths.
    static func options(
        _ plugin: PluginProgram, file: ProgramFile, executable: String, temporary: String, runtime: String?,
        protectedPaths: [String]
    ) -> [String] {
        var readable = [file.directory, file.path]
        // A pinned program runs from a copy, which is alone in its directory.
        if executable != file.path { readable += [ProgramFile.directory(of: executable), executable] }
        readable += runtime.map { [$0] } ?? []
        // A script that is passed to an interpreter as an argument.
        readable += plugin.arguments.filter { $0.hasPrefix("/") && isRegularFile($0) }
        readable += plugin.readPaths
        var seen: Set<String> = []
        var options = readable.filter { seen.insert($0).inserted }.flatMap { ["--read", $0] }
        options += protectedPaths.flatMap { ["--never", $0] }
        options += ["--write", temporary]
        if !plugin.mayHaveChildren { options += ["--children", "none"] }
        options += ["--address-space", "\(plugin.limits.addressSpaceMiB << 20)"]
        options += ["--memory", "\(plugin.limits.memoryMiB << 20)"]
        options += ["--file-size", "\(plugin.limits.temporaryMiB << 20)"]
        options += ["--open-files", "\(plugin.limits.openFiles)"]
        return options
    }

    private static func isRegularFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}

/// The Swift runtime of this process, which plugins in Swift load too.
enum SwiftRuntime {
    /// The directory; nil if the runtime is linked statically.
    static let directory: String? = {
        guard let file = fopen("/proc/self/maps", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: Int(PATH_MAX) + 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(
                decoding: line.prefix { $0 != 0 && $0 != 0x0A }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasSuffix("/libswiftCore.so"), let start = text.firstIndex(of: "/") else { continue }
            return ProgramFile.directory(of: String(text[start...]))
        }
        return nil
    }()
}
