import CLinux
import Glibc

/// Starts processes with raw pipes on a thread that may block. The suite needs no more of a process library.
enum Spawn {
    /// Creates a pipe whose ends close on exec.
    static func pipe() -> (reader: Int32, writer: Int32)? {
        var ends: [Int32] = [-1, -1]
        return clinux_pipe(&ends) == 0 ? (ends[0], ends[1]) : nil
    }

    static func close(_ descriptors: Int32...) {
        for descriptor in descriptors where descriptor >= 0 { Glibc.close(descriptor) }
    }

    static func spawn(
        _ command: PluginCommand, environment: [String], input: Int32, output: Int32, errors: Int32
    ) throws(LaunchError) -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = ([command.path] + command.arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var id = pid_t()
        var code: Int32
        let end = ContinuousClock.now + ConformanceLimits.busyFileTime
        repeat {
            code = clinux_spawn(&id, command.path, &arguments, &variables, input, output, errors)
            // The process that wrote the file, or a child of it before its exec, still has it open.
        } while code == ETXTBSY && ContinuousClock.now < end && usleep(ConformanceLimits.busyFileRetryMicroseconds) == 0
        guard code == 0 else { throw LaunchError(path: command.path, code: code) }
        return id
    }
}
