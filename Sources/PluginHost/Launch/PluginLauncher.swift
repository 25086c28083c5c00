import Glibc
import Subprocess
import SystemPackage

/// Makes ready what a plugin's process is started with: its own directory, its environment, its confinement.
struct PluginLauncher: Sendable {
    /// The file name of the program that confines itself and becomes the plugin.
    static let programName = "generalscaler-launch"

    /// That program's path.
    let program: String?
    /// Where the plugins' temporary directories are made.
    let workspaces: WorkspaceRoot
    /// Absolute paths that no plugin may read, regardless of `plugins.yaml`.
    let protectedPaths: [String]
    let guardProcess: GuardProcess

    struct Launch: Sendable {
        let configuration: Configuration
        let workspace: PluginWorkspace
        /// Of the program as it was when this was made.
        let fingerprint: ProgramFile.Fingerprint?
    }

    /// The plugin's own directory is made here; the caller removes it when the process is gone.
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
                "\(Self.programName), which confines it, is not beside the operator's own program. Install it there, or "
                    + "set confined: false for this plugin in plugins.yaml")
        }
        var options = Self.options(
            plugin, file: file, executable: executable, temporary: workspace.temporary,
            runtime: SwiftRuntime.directory, protectedPaths: protectedPaths + [root])
        options += ["--workspace", workspace.root]
        if let process = guardProcess.id { options += ["--guard-process", "\(process)"] }
        return [program] + options + ["--", executable] + plugin.arguments
    }

    /// Returns the launcher's arguments: additional permissions, and paths that are never allowed.
    static func options(
        _ plugin: PluginProgram, file: ProgramFile, executable: String, temporary: String, runtime: String?,
        protectedPaths: [String]
    ) -> [String] {
        var readable = [file.directory, file.path]
        // A pinned program runs from a copy, which lies alone in its directory.
        if executable != file.path { readable += [ProgramFile.directory(of: executable), executable] }
        readable += runtime.map { [$0] } ?? []
        // A script that an interpreter is given as an argument.
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

/// The location of this process's Swift runtime, from which plugins in Swift load it too.
enum SwiftRuntime {
    /// Nil if the runtime is linked in.
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
