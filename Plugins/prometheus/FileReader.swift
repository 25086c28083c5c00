import PluginSDK

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Reads token, certificate and key files.
protocol FileReader: Sendable {
    /// - Throws: ``FileError``.
    func contents(of path: String) throws(FileError) -> [UInt8]
}

struct FileError: Error {
    let path: String
    let reason: String

    func pluginError(_ kind: PluginError.Kind, field: String) -> PluginError {
        PluginError(
            kind,
            "\(field): cannot read \(path): \(reason). Check the path and that the plugin may read it",
            path: field)
    }
}

struct SystemFileReader: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        // Non-blocking, so that a named pipe cannot hold the plugin up.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, reason: "it is not a regular file")
        }
        var bytes = [UInt8](repeating: 0, count: PrometheusLimits.maxFileBytes + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + count, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw FileError(path: path, reason: String(cString: strerror(errno))) }
            if got == 0 { return Array(bytes[..<count]) }
            count += got
        }
        throw FileError(path: path, reason: "it is larger than \(PrometheusLimits.maxFileBytes) bytes")
    }
}
