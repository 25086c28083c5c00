import FoundationEssentials
import PluginHost

/// The files of a plugin whose changes an interactive session sees: its program, the scripts among its arguments, and the
/// source files of interpreted languages in their directories, which the program can import.
struct PluginSources {
    /// The state of each file by its path.
    typealias Snapshot = [String: ProgramFile.Fingerprint]

    private static let extensions: Set<String> = ["py", "js", "mjs", "cjs", "sh", "bash", "rb", "pl", "php", "lua"]
    /// Directories with files that others have written: they change only if something is installed.
    private static let skipped: Set<String> = ["node_modules", "__pycache__", "site-packages"]

    private let scripts: [String]

    init(_ command: PluginCommand) {
        scripts = [command.path] + command.arguments.filter { Self.isSource($0) && Self.isFile($0) }
    }

    /// Returns the present state; nil if the program does not exist.
    func snapshot() -> Snapshot? {
        guard let program = scripts.first, let fingerprint = ProgramFile.Fingerprint(program) else { return nil }
        var snapshot: Snapshot = [program: fingerprint]
        for script in scripts { snapshot[script] = ProgramFile.Fingerprint(script) }
        // What a compiled program is made from does not change it.
        let interpreted = scripts.filter { Self.isSource($0) || Self.isScript($0) }
        for directory in Set(interpreted.map(Self.directory)) { Self.add(directory, to: &snapshot) }
        return snapshot
    }

    /// Returns the files that differ, for a person: relative to the program's directory, the program itself as such.
    func changes(from old: Snapshot, to new: Snapshot) -> String {
        let changed = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
        guard let first = changed.first, !changed.contains(scripts[0]) else { return "the program has changed" }
        let directory = "\(Self.directory(of: scripts[0]))/"
        let name = first.hasPrefix(directory) ? String(first.dropFirst(directory.count)) : first
        return changed.count == 1 ? "\(name) has changed" : "\(name) and \(changed.count - 1) more files have changed"
    }

    /// Adds the source files of a directory, those nearest to it first.
    private static func add(_ root: String, to snapshot: inout Snapshot) {
        var directories = [root]
        var visited = 0
        while !directories.isEmpty {
            let directory = directories.removeFirst()
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else { continue }
            for name in names where !name.hasPrefix(".") && !skipped.contains(name) {
                visited += 1
                guard visited <= ConformanceLimits.maxWatchedFiles else { return }
                let path = "\(directory)/\(name)"
                if isSource(name) {
                    snapshot[path] = ProgramFile.Fingerprint(path)
                } else if !name.contains("."), isDirectory(path) {
                    directories.append(path)
                }
            }
        }
    }

    private static func isSource(_ path: String) -> Bool {
        guard let dot = path.lastIndex(of: ".") else { return false }
        return extensions.contains(String(path[path.index(after: dot)...]))
    }

    /// Whether the file begins with the line that names an interpreter.
    private static func isScript(_ path: String) -> Bool {
        ProgramFile.head(of: path, bytes: 2) == Array("#!".utf8)
    }

    private static func isFile(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
