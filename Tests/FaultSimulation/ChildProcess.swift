import ArgumentParser
import Glibc

/// This program with other options as a child process.
struct ChildProcess {
    private let process: pid_t

    init(_ options: [String]) throws {
        var arguments: [UnsafeMutablePointer<CChar>?] = (["simulate-faults"] + options).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let error = posix_spawn(&process, "/proc/self/exe", nil, nil, &arguments, environ)
        guard error == 0 else { throw ValidationError("the program cannot start itself: error \(error)") }
        self.process = process
    }

    /// Waits for its end.
    ///
    /// - Returns: whether it reported success.
    func wait() -> Bool {
        var status: Int32 = 0
        while waitpid(process, &status, 0) == -1 { guard errno == EINTR else { return false } }
        return status == 0
    }
}
