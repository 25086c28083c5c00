import CLinux
import Glibc

/// The present state of a plugin's program on disk.
package struct ProgramFile {
    /// Tells one content of a path from another without reading it: links are followed, so a link that leads elsewhere
    /// changes it too.
    package struct Fingerprint: Sendable, Hashable {
        private let device: UInt64
        private let inode: UInt64
        private let size: Int64
        private let modified: [Int]
        private let changed: [Int]

        /// Nil if there is no such file.
        package init?(_ path: String) {
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
    /// The directory that the program was put into, links followed: the plugin may read it.
    let directory: String

    /// - Throws: the reason why the file cannot be run, if it is detectable beforehand.
    init(_ path: String, interpreter: Interpreter) throws(LaunchProblem) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw LaunchProblem(errno == ENOENT ? "the file is missing" : String(cString: strerror(errno)))
        }
        if let fault = Self.executionFault(path, status) { throw LaunchProblem("it \(fault)") }
        self.path = Self.resolved(path)
        // Of a link that leads into another directory only the file itself is opened, not what lies beside it.
        directory = Self.resolved(Self.directory(of: path))
        if let fault = Self.encodingFault(Self.head(of: path, bytes: 5)) { throw LaunchProblem(fault) }
        try interpreter.check(self.path)
    }

    /// Returns why the file at that path cannot be run, and how to fix it, as the rest of a sentence about it.
    static func executionFault(_ path: String, _ status: stat) -> String? {
        guard status.st_mode & S_IFMT == S_IFREG else { return "is not an executable file" }
        if access(path, X_OK) == 0 { return nil }
        guard status.st_mode & 0o111 != 0, clinux_is_noexec(path) else {
            return "is not an executable file; run chmod +x"
        }
        return
            "is on a file system that is mounted noexec, as some container runtimes mount image volumes. Remove "
            + "mount: imageVolume from this plugin in plugins.images of the chart's values, so that its files are copied, "
            + "or mount the file system with exec"
    }

    /// Returns how a script must not be saved for the kernel to see its first line.
    private static func encodingFault(_ head: [UInt8]) -> String? {
        if head.starts(with: Array("\u{FEFF}#!".utf8)) {
            return "it has a byte order mark before its #!: save it as UTF-8 without one"
        }
        guard head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) else { return nil }
        return "it is text in UTF-16: save it as UTF-8"
    }

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

    /// Returns the first bytes of the file.
    static func head(of path: String, bytes limit: Int) -> [UInt8] {
        // A program may be executable and yet not readable; then it is not a script either.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}

/// The reason why a plugin's process cannot be started, and how to fix it.
struct LaunchProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
