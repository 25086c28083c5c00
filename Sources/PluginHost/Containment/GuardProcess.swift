import CLinux
import Glibc
import Synchronization

/// A process that kills the plugins if the operator is killed (`generalscaler-launch --guard`).
///
/// If the operator is process 1, the kernel does so, and there is no guard.
final class GuardProcess: Sendable {
    private struct Running {
        let id: Int32
        let input: Int32
    }

    private let running = Mutex<Running?>(nil)

    /// The process id; nil if there is no guard.
    var id: Int32? { running.withLock { $0?.id } }

    /// - Throws: ``SystemError`` if it cannot be started.
    func start(launcher: String?) throws(SystemError) {
        guard let launcher, getpid() != 1 else { return }
        let pipe = try Pipe()
        defer { close(pipe.reader) }
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { if null >= 0 { close(null) } }
        var id: Int32 = 0
        let words: [UnsafeMutablePointer<CChar>?] = [strdup(launcher), strdup("--guard"), nil]
        defer { for word in words { free(word) } }
        // A guard that does not read must not block the operator.
        _ = clinux_set_nonblocking(pipe.writer)
        let code = clinux_spawn(&id, launcher, words, [nil], pipe.reader, null, null)
        guard null >= 0, code == 0 else {
            close(pipe.writer)
            if code != 0 { errno = code }
            throw SystemError("starting the guard \(launcher)")
        }
        running.withLock { $0 = Running(id: id, input: pipe.writer) }
    }

    func began(_ session: Int32) {
        guard let start = ProcessTable.entry(session)?.startTicks else { return }
        send("+\(session) \(start)\n")
    }

    func ended(_ session: Int32) { send("-\(session)\n") }

    /// Ends the guard, which kills the remaining sessions.
    func stop() {
        let last = running.withLock { running in
            defer { running = nil }
            return running
        }
        guard let last else { return }
        close(last.input)
        // The sweep for ended orphans may already have reaped it.
        while waitpid(last.id, nil, 0) < 0, errno == EINTR {}
    }

    private func send(_ text: String) {
        let bytes = Array(text.utf8)
        running.withLock { running in
            // If the guard has ended, there is no reader; SIGPIPE is ignored.
            if let running { _ = write(running.input, bytes, bytes.count) }
        }
    }
}
