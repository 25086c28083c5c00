import CLinux
import Glibc

/// An environment variable of one process and all its descendants, by which they are found.
struct ProcessMarker {
    /// `NAME=value`.
    let assignment: String

    init() {
        assignment = "PLUGIN_CHECK_RUN=\(UInt64.random(in: .min ... .max))"
    }

    /// Returns the running processes. An ended process has no environment.
    func processes() -> [pid_t] {
        guard let stream = opendir("/proc") else { return [] }
        defer { closedir(stream) }
        var found: [pid_t] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let id = pid_t(name), marks(id) { found.append(id) }
        }
        return found
    }

    private func marks(_ id: pid_t) -> Bool {
        ProcFile.contents("/proc/\(id)/environ").split(separator: 0).contains { $0.elementsEqual(assignment.utf8) }
    }

    /// Kills all processes and waits until they have exited.
    func killAll() {
        for id in processes() {
            let descriptor = clinux_pidfd_open(id)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // The id could have been reused before the descriptor was opened.
            guard marks(id) else { continue }
            _ = clinux_pidfd_send_signal(descriptor, SIGKILL)
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, Int32(ConformanceLimits.killGrace / .milliseconds(1)))
            // If this process is a subreaper, the process has become its child.
            waitpid(id, nil, WNOHANG)
        }
    }
}

/// Reads files of `/proc`.
enum ProcFile {
    /// Returns the file's contents; empty if it does not exist.
    static func contents(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < ConformanceLimits.maxProcFileBytes {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk.prefix(count))
        }
        return bytes
    }
}
