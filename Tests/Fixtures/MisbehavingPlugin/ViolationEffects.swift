import Glibc

/// The effects of some violations on the machine, within limits that it survives without a sandbox.
enum ViolationEffects {
    static var fiveMebibytes: String { String(repeating: "x", count: 5 << 20) }

    static func sleepForever() -> Never {
        while true { pause() }
    }

    static func sleep(milliseconds: Int) {
        // Longer than a second, which usleep need not support.
        Glibc.sleep(UInt32(milliseconds / 1_000))
        usleep(UInt32(milliseconds % 1_000) * 1_000)
    }

    /// Leaves a child that runs ``holdPipes(inSession:)``.
    static func leaveChild(inSession: Bool) {
        var arguments: [UnsafeMutablePointer<CChar>?] = [
            strdup("misbehaving-plugin"), strdup(inSession ? holdFlag + "-in-session" : holdFlag), nil,
        ]
        var child = pid_t()
        posix_spawn(&child, "/proc/self/exe", nil, nil, &arguments, environ)
        for argument in arguments { free(argument) }
    }

    static let holdFlag = "--hold-pipes"

    /// Holds all three pipes and ignores their ends, SIGTERM and SIGHUP. Exits after an hour.
    static func holdPipes(inSession: Bool) -> Never {
        signal(SIGTERM, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        if inSession { setsid() }
        Glibc.sleep(3_600)
        exit(0)
    }

    static func floodStandardError() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                let lines = [UInt8]("a useless line\n".utf8)
                while true { _ = write(2, lines, lines.count) }
            }, nil)
    }

    /// Allocates address space in pieces of 256 MiB, touches one page of each, and exits when the system refuses one.
    ///
    /// - Returns: the number of pieces, at most 1,024.
    static func allocate() -> Int64 {
        let piece = 256 << 20
        for _ in 0..<1_024 {
            guard let memory = malloc(piece) else {
                Wire().send("out of memory\n", to: 2)
                exit(1)
            }
            memory.storeBytes(of: 1, as: UInt8.self)
        }
        return 1_024
    }

    /// - Returns: the number of files, at most 65,536.
    static func openFiles() -> Int64 {
        for _ in 0..<65_536 where open("/dev/null", O_RDONLY) < 0 {
            Wire().send("open: \(String(cString: strerror(errno)))\n", to: 2)
            exit(1)
        }
        return 65_536
    }
}
