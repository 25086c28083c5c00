import Glibc

/// A plugin's program as it lies on disk now.
struct ProgramFile {
    /// Tells one content of a path from another without reading it: links are followed, so a link that leads elsewhere
    /// changes it too.
    struct Fingerprint: Sendable, Hashable {
        private let device: UInt64
        private let inode: UInt64
        private let size: Int64
        private let modified: [Int]
        private let changed: [Int]

        /// Nil where there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
            changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        }
    }

    /// Links followed.
    let path: String
    let interpreter: Interpreter?

    /// - Throws: why the file cannot be run, where that can be told beforehand.
    init(_ path: String, searchPath: String) throws(LaunchProblem) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw LaunchProblem(errno == ENOENT ? "the file is missing" : String(cString: strerror(errno)))
        }
        guard status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
            throw LaunchProblem("it is not an executable file (chmod +x mends that)")
        }
        self.path = Self.resolved(path)
        let head = Self.head(of: path)
        interpreter = Interpreter(head: head, searchPath: searchPath)
        if let fault = Self.encodingFault(head) { throw LaunchProblem(fault) }
        if interpreter?.endsWithCarriageReturn == true {
            throw LaunchProblem(
                "its #! line ends with a carriage return, as Windows' editors write it: save it with Unix line ends (LF), "
                    + "with dos2unix for instance")
        }
        if let missing = interpreter?.missing {
            throw LaunchProblem(
                "its #! line names \(missing), which is not there: install it, or mend the line or PATH")
        }
    }

    /// How a script must not be saved for the kernel to see its first line.
    private static func encodingFault(_ head: [UInt8]) -> String? {
        if head.starts(with: Array("\u{FEFF}#!".utf8)) {
            return "a byte order mark stands before its #!: save it as UTF-8 without one"
        }
        guard head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) else { return nil }
        return "it is text in UTF-16: save it as UTF-8"
    }

    var directory: String { Self.directory(of: path) }

    static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private static func head(of path: String) -> [UInt8] {
        // A program may be executable and yet not readable; then it is no script either.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Interpreter.maxLineBytes)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}

/// Why a plugin's process cannot be started, and how to mend it.
struct LaunchProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
