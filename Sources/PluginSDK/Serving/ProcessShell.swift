import CLinux

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The process-level parts of the protocol, outside the serve loop.
enum ProcessShell {
    /// Descriptors that only the serve loop uses.
    struct Channel: Sendable {
        let input: Int32
        let output: Int32
    }

    /// Reserves standard input and output for the protocol: a stray `print` is redirected to standard error, line by
    /// line, and a stray `readLine` reads nothing.
    static func takeStandardStreams() throws(SystemCallError) -> Channel {
        signal(SIGPIPE, SIG_IGN)
        let input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
        guard input >= 0 else { throw SystemCallError("duplicating standard input") }
        let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        guard output >= 0 else { throw SystemCallError("duplicating standard output") }
        guard dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else { throw SystemCallError("moving standard output") }
        let null = open("/dev/null", O_RDONLY)
        guard null >= 0, dup2(null, STDIN_FILENO) >= 0 else { throw SystemCallError("opening /dev/null") }
        close(null)
        stdio_guard_buffer_stdout_by_line()
        return Channel(input: input, output: output)
    }

    /// Ends the process some time after the host has hung up, even if a call blocks the loop's thread.
    ///
    /// Waits only for a hang-up, so that arriving bytes do not wake it.
    static func exitAfterHangUp(of input: Int32) throws(SystemCallError) {
        try startThread {
            stdio_guard_wait_for_hang_up(input)
            let end = ContinuousClock.now + ServeLimits.hangUpGrace
            while ContinuousClock.now < end { usleep(ServeLimits.hangUpCheckMicroseconds) }
            _exit(0)
        }
    }

    /// Exits without running the exit handlers of libraries whose threads still run.
    static func exit(_ status: Int32 = 0) -> Never {
        fflush(nil)
        _exit(status)
    }

    /// Runs the body on a new thread.
    static func runOnThread(_ body: @escaping @Sendable () -> Void) async throws(SystemCallError) {
        let result: Result<Void, SystemCallError> = await withCheckedContinuation { continuation in
            do throws(SystemCallError) {
                try startThread {
                    body()
                    continuation.resume(returning: .success(()))
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        try result.get()
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
        // The thread takes ownership of the reference.
        let handed = Unmanaged.passRetained(ThreadBody(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, handed.toOpaque())
        guard code == 0 else {
            handed.release()
            errno = code
            throw SystemCallError("pthread_create")
        }
        pthread_detach(thread)
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}
