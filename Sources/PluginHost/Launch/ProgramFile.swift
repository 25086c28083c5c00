import CLinux
import Glibc

/// The current state of a plugin's program on disk.
package struct ProgramFile {
    /// Distinguishes versions of a file without reading it. Links are followed, so a changed link changes the
    /// fingerprint too.
    package struct Fingerprint: Sendable, Hashable {
        private let device: UInt64
        private let inode: UInt64
        private let size: Int64
        private let modified: [Int]
        private let changed: [Int]

        /// Creates the fingerprint; nil if the file does not exist.
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

    /// The path, after resolving links.
    let path: String
    /// The directory of the program, after resolving links; the plugin may read it.
    let directory: String

    /// - Throws: the reason why the file cannot be run, if it can be detected.
    init(_ path: String, interpreter: Interpreter) throws(LaunchProblem) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw LaunchProblem(errno == ENOENT ? "the file is missing" : String(cString: strerror(errno)))
        }
        if let fault = Self.executionFault(path, status) { throw LaunchProblem("it \(fault)") }
        self.path = Self.resolved(path)
        // For a link into another directory, only the file itself is readable, not the files next to it.
        directory = Self.resolved(Self.directory(of: path))
        if let fault = Self.encodingFault(Self.head(of: path, bytes: 5)) { throw LaunchProblem(fault) }
        try interpreter.check(self.path)
    }

    /// Returns the reason why the file cannot be run, with the fix, as the rest of a sentence.
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

    /// Returns the encoding fault that prevents the kernel from recognizing the `#!` line.
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

    /// Reads the first bytes of the file.
    package static func head(of path: String, bytes limit: Int) -> [UInt8] {
        // A program may be executable without being readable; then it is not a script.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}

/// The reason why a plugin's process cannot be started, with the fix.
struct LaunchProblem: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
