package import PluginSDK

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads token, certificate and key files.
package protocol FileReader: Sendable {
    /// - Throws: ``FileError``.
    func contents(of path: String) throws(FileError) -> [UInt8]
}

package struct FileError: Error {
    package let path: String
    package let reason: String
    /// Whether the system denies the plugin access to the file.
    package let isDenied: Bool

    package init(path: String, reason: String, isDenied: Bool = false) {
        self.path = path
        self.reason = reason
        self.isDenied = isDenied
    }

    fileprivate init(path: String, errno code: Int32) {
        self.init(path: path, reason: String(cString: strerror(code)), isDenied: code == EACCES || code == EPERM)
    }

    /// - Parameter field: the config field that names the file.
    package func pluginError(_ kind: PluginError.Kind, field: String) -> PluginError {
        let next =
            isDenied
            ? "A plugin runs confined: add the path to readPaths of this plugin in plugins.yaml, and check that the "
                + "file's permissions allow reading it"
            : "Check the path, as the plugin sees it"
        return PluginError(kind, "\(field): cannot read \(path): \(reason). \(next)", path: field)
    }
}

package struct SystemFileReader: FileReader {
    /// Bytes of one file. Tokens, certificates and keys are far smaller.
    package static let maxFileBytes = 1 << 20

    package init() {}

    package func contents(of path: String) throws(FileError) -> [UInt8] {
        // Non-blocking, so that a named pipe cannot block the plugin.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw FileError(path: path, errno: errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, reason: "it is not a regular file")
        }
        var bytes = [UInt8](repeating: 0, count: Self.maxFileBytes + 1)
        var count = 0
        while count < bytes.count {
            // Within the buffer: `count` is less than its size.
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + count, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw FileError(path: path, errno: errno) }
            if got == 0 { return Array(bytes[..<count]) }
            count += got
        }
        throw FileError(path: path, reason: "it is larger than \(Self.maxFileBytes) bytes")
    }
}
