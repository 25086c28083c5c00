import Glibc

/// Reads small files: kubeconfigs, certificates, tokens.
package struct FileReader: Sendable {
    /// The reason why a file could not be read: the system's message.
    package struct Failure: Error, Hashable, CustomStringConvertible {
        package let path: String
        package let message: String
        package let isMissing: Bool

        package init(path: String, message: String, isMissing: Bool = false) {
            self.path = path
            self.message = message
            self.isMissing = isMissing
        }

        package var description: String { "\(path): \(message)" }
    }

    package let read: @Sendable (_ path: String) throws(Failure) -> [UInt8]

    package init(read: @escaping @Sendable (_ path: String) throws(Failure) -> [UInt8]) {
        self.read = read
    }

    package static let system = FileReader { path throws(Failure) in
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return content }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Failure(path: path, code: errno) }
            content += block[..<count]
            guard content.count <= KubernetesLimits.fileBytes else {
                throw Failure(path: path, message: "longer than \(KubernetesLimits.fileBytes) bytes")
            }
        }
    }
}

extension FileReader.Failure {
    fileprivate init(path: String, code: Int32) {
        self.init(path: path, message: String(cString: strerror(code)), isMissing: code == ENOENT)
    }
}
