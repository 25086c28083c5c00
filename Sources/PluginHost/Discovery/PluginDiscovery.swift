import Glibc

/// Finds the installed plugins in the plugin directories and the manifest, never by PATH.
enum PluginDiscovery {
    /// The prefix of a plugin's file name; its name, a metric type, follows.
    static let prefix = "generalscaler-plugin-"

    struct Result {
        /// The plugins, sorted by name.
        var programs: [PluginProgram]
        /// The skipped files, with reasons.
        var warnings: [String]
    }

    static func find(_ configuration: PluginHostConfiguration, manifest: PluginManifest) throws(PluginHostError)
        -> Result
    {
        let (paths, warnings) = executables(in: configuration.directories)
        var programs: [PluginProgram] = []
        for name in Set(paths.keys).union(manifest.plugins.keys).sorted() {
            let entry = manifest.plugins[name] ?? PluginManifest.Entry()
            guard let path = entry.argv.first ?? paths[name] else {
                throw PluginHostError(
                    "\(manifest.path): plugins.\(name) (line \(entry.line)): no executable \(prefix)\(name) in "
                        + "\(configuration.directories.joined(separator: ", ")). Install it, or set argv")
            }
            programs.append(program(name, path, entry, configuration))
        }
        return Result(programs: programs, warnings: warnings)
    }

    /// Returns the plugins in the directories that are not known yet. The manifest names none of them: its plugins are
    /// known from the start.
    static func findNew(_ configuration: PluginHostConfiguration, known: Set<String>) -> [PluginProgram] {
        executables(in: configuration.directories).paths.filter { !known.contains($0.key) }
            .sorted { $0.key < $1.key }
            .map { program($0.key, $0.value, PluginManifest.Entry(), configuration) }
    }

    private static func program(
        _ name: String, _ path: String, _ entry: PluginManifest.Entry, _ configuration: PluginHostConfiguration
    ) -> PluginProgram {
        PluginProgram(
            name: name, path: path, arguments: Array(entry.argv.dropFirst()),
            environment: PluginEnvironment.filtered(configuration.environment).merging(entry.environment) { $1 }
                .merging(entry.networks) { $1 },
            defaults: entry.defaults, allowedAddresses: entry.allowedAddresses, maxInFlight: entry.maxInFlight,
            mode: entry.mode, sha256: entry.sha256,
            isConfined: entry.isConfined,
            mayHaveChildren: entry.mayHaveChildren ?? !isShipped(name, path, configuration),
            readPaths: entry.readPaths, limits: entry.limits)
    }

    /// The executables by the plugin's name, and a warning for each file that was skipped.
    private static func executables(in directories: [String]) -> (paths: [String: String], warnings: [String]) {
        var paths: [String: String] = [:]
        var warnings: [String] = []
        for directory in directories {
            guard let names = files(in: directory) else {
                warnings.append("plugin directory \(directory): \(String(cString: strerror(errno)))")
                continue
            }
            for file in names.sorted() where file.hasPrefix(prefix) && file.count > prefix.count {
                let path = "\(ProgramFile.resolved(directory))/\(file)"
                let name = String(file.dropFirst(prefix.count))
                if let first = paths[name] {
                    warnings.append("\(path) is skipped: \(first) has the same name and comes first")
                } else if isDirectory(path) {
                    // Other build products, such as NAME.product.
                    continue
                } else if let fault = executionFault(path) {
                    warnings.append("\(path) is skipped: it \(fault)")
                } else {
                    paths[name] = path
                }
            }
        }
        return (paths, warnings)
    }

    /// Returns whether the program is in the operator's own directory, as this project's plugins are. None of them starts a
    /// process.
    private static func isShipped(_ name: String, _ path: String, _ configuration: PluginHostConfiguration) -> Bool {
        guard let launcher = configuration.launcher else { return false }
        let own = ProgramFile.resolved(ProgramFile.directory(of: launcher))
        return ProgramFile.resolved(path) == "\(own)/\(prefix)\(name)"
    }

    private static func files(in directory: String) -> [String]? {
        guard let stream = opendir(directory) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static func executionFault(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return "cannot be accessed: \(String(cString: strerror(errno)))" }
        return ProgramFile.executionFault(path, status)
    }
}

extension PluginManifest.Entry {
    /// The variable that tells the plugin to which networks it may connect, which is its to observe.
    fileprivate var networks: [String: String] {
        allowedNetworks.map { ["GENERALSCALER_ALLOWED_NETWORKS": $0.joined(separator: " ")] } ?? [:]
    }
}
