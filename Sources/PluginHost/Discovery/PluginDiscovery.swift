import Glibc

/// Finds the installed plugins: by directory, changed and added to by the manifest. Never by PATH.
enum PluginDiscovery {
    /// What the file name of a plugin begins with; its name, a metric type, follows.
    static let prefix = "generalscaler-plugin-"

    private static let shipped: Set = ["http", "prometheus", "pubsub", "redis"]

    struct Result {
        /// By name, in alphabetical order.
        var programs: [PluginProgram]
        /// The skipped files, with reasons.
        var warnings: [String]
    }

    static func find(_ configuration: PluginHostConfiguration, manifest: PluginManifest) throws(PluginHostError)
        -> Result
    {
        var paths: [String: String] = [:]
        var warnings: [String] = []
        for directory in configuration.directories {
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
                    // What a build leaves beside its programs, such as NAME.product.
                    continue
                } else if let fault = executionFault(path) {
                    warnings.append("\(path) is skipped: it \(fault)")
                } else {
                    paths[name] = path
                }
            }
        }
        let inherited = PluginEnvironment.filtered(configuration.environment)
        var programs: [PluginProgram] = []
        for name in Set(paths.keys).union(manifest.plugins.keys).sorted() {
            let entry = manifest.plugins[name] ?? PluginManifest.Entry()
            guard let path = entry.argv.first ?? paths[name] else {
                throw PluginHostError(
                    "\(manifest.path): plugins.\(name) (line \(entry.line)): no executable \(prefix)\(name) in "
                        + "\(configuration.directories.joined(separator: ", ")). Install it, or set argv")
            }
            programs.append(
                PluginProgram(
                    name: name, path: path, arguments: Array(entry.argv.dropFirst()),
                    environment: inherited.merging(entry.environment) { $1 },
                    defaults: entry.defaults, allowedAddresses: entry.allowedAddresses, maxInFlight: entry.maxInFlight,
                    mode: entry.mode, sha256: entry.sha256,
                    isConfined: entry.isConfined,
                    mayHaveChildren: entry.mayHaveChildren ?? !isShipped(name, path, configuration),
                    readPaths: entry.readPaths, limits: entry.limits))
        }
        return Result(programs: programs, warnings: warnings)
    }

    /// Returns whether this project's own plugin of that name lies there. None of them starts a process.
    private static func isShipped(_ name: String, _ path: String, _ configuration: PluginHostConfiguration) -> Bool {
        guard let launcher = configuration.launcher else { return false }
        let own = ProgramFile.resolved(ProgramFile.directory(of: launcher))
        return shipped.contains(name) && ProgramFile.resolved(path) == "\(own)/\(prefix)\(name)"
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
        guard stat(path, &status) == 0 else { return "cannot be looked at: \(String(cString: strerror(errno)))" }
        return ProgramFile.executionFault(path, status)
    }
}
