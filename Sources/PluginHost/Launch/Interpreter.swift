import Glibc

/// Checks the interpreter in a script's `#!` line.
///
/// A script's text comes from the plugin's author, so the line grants no access in the sandbox: it may only name
/// programs that the sandbox contains anyway.
struct Interpreter {
    /// The longest `#!` line, as in Linux.
    static let maxLineBytes = 255
    /// The nesting depth of interpreters that are scripts, as in Linux.
    static let maxDepth = 4
    /// The directories of programs that every plugin may run.
    static let systemDirectories = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/opt"]
    static let defaultSearchPath = "/usr/local/bin:/usr/bin:/bin"

    /// The directories of allowed interpreters, after resolving links; nil to allow all.
    private let permitted: [String]?
    /// The directories that `env` searches.
    let searchPath: String

    /// - Parameters:
    ///   - searchPath: the `PATH` of a plugin without a sandbox.
    ///   - readPaths: the paths that the administrator allows in addition to the system's directories; nil for a plugin
    ///     without a sandbox.
    init(searchPath: String, readPaths: [String]?) {
        guard let readPaths else {
            permitted = nil
            self.searchPath = searchPath
            return
        }
        let permitted = (Self.systemDirectories + readPaths).map(ProgramFile.resolved)
        self.permitted = permitted
        let directories = searchPath.split(separator: ":").map(String.init).filter { directory in
            directory.hasPrefix("/") && Self.isWithin(ProgramFile.resolved(directory), permitted)
        }
        self.searchPath = directories.isEmpty ? Self.defaultSearchPath : directories.joined(separator: ":")
    }

    /// - Throws: the reason why the script cannot run. Never throws for a program that is not a script.
    func check(_ path: String, depth: Int = 1) throws(LaunchProblem) {
        guard let line = try Self.line(of: path) else { return }
        guard depth <= Self.maxDepth else {
            throw LaunchProblem(
                "its interpreter is a script whose interpreter is a script, for more than \(Self.maxDepth) levels")
        }
        let words = line.split(maxSplits: 1) { $0 == " " || $0 == "\t" }.map(String.init)
        guard let program = words.first else {
            throw LaunchProblem("its #! line names no interpreter")
        }
        try checkProgram(program, depth: depth)
        guard Self.isEnv(program) else { return }
        let name = words.dropFirst().first.map(Self.trimmed) ?? ""
        guard Self.isPlainName(name) else {
            throw LaunchProblem(
                "its #! line gives env \"\(Excerpt.shortened(name))\": write env and the name of one program, without "
                    + "options, variables or a path, or the interpreter's absolute path")
        }
        guard let found = find(name) else {
            throw LaunchProblem(
                "its #! line names \(name), which does not exist in any of \(searchPath). Install it in one of "
                    + "these, or add its directory to PATH and to readPaths of this plugin in plugins.yaml")
        }
        try checkProgram(found, depth: depth)
    }

    private func checkProgram(_ path: String, depth: Int) throws(LaunchProblem) {
        var status = stat()
        guard path.hasPrefix("/"), stat(path, &status) == 0 else {
            throw LaunchProblem(
                "its #! line names \(Excerpt.shortened(path)), which does not exist: install it, or correct the line")
        }
        if let fault = ProgramFile.executionFault(path, status) {
            throw LaunchProblem("its #! line names \(Excerpt.shortened(path)), which \(fault)")
        }
        let resolved = ProgramFile.resolved(path)
        if let permitted, !Self.isWithin(resolved, permitted) {
            throw LaunchProblem(
                "its #! line names \(Excerpt.shortened(path)), which is outside of the system's directories ("
                    + Self.systemDirectories.joined(separator: ", ")
                    + "): install the interpreter in one of these, or add its directory to readPaths of this plugin in "
                    + "plugins.yaml")
        }
        try check(resolved, depth: depth + 1)
    }

    private func find(_ name: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(name)" }.first { path in
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
                return false
            }
            return permitted.map { Self.isWithin(ProgramFile.resolved(path), $0) } ?? true
        }
    }

    private static func isWithin(_ path: String, _ directories: [String]) -> Bool {
        directories.contains { path == $0 || path.hasPrefix("\($0)/") }
    }

    /// Returns whether the program is `env`, also through a link.
    private static func isEnv(_ program: String) -> Bool {
        ProgramFile.name(of: program) == "env" || ProgramFile.name(of: ProgramFile.resolved(program)) == "env"
    }

    private static func isPlainName(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: ".") else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }

    /// Returns the text after `#!`, without surrounding blanks; nil for a file that is not a script.
    private static func line(of path: String) throws(LaunchProblem) -> String? {
        let head = ProgramFile.head(of: path, bytes: maxLineBytes + 1)
        guard head.starts(with: "#!".utf8) else { return nil }
        guard let end = head.firstIndex(of: UInt8(ascii: "\n")) ?? (head.count <= maxLineBytes ? head.count : nil)
        else { throw LaunchProblem("its #! line is longer than \(maxLineBytes) bytes") }
        let bytes = head[2..<end]
        if bytes.last == UInt8(ascii: "\r") {
            throw LaunchProblem("its #! line ends in a carriage return: save the file with Unix line endings")
        }
        guard let text = String(validating: bytes, as: UTF8.self),
            !bytes.contains(where: { $0 < 0x20 && $0 != UInt8(ascii: "\t") || $0 == 0x7F })
        else { throw LaunchProblem("its #! line contains control characters or is not UTF-8") }
        return trimmed(text)
    }
}
