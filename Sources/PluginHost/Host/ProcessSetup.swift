import CLinux
import Glibc

/// Process-wide settings, made once before plugins run.
enum ProcessSetup {
    /// - SIGPIPE is ignored: writing to a plugin that has ended is an error to handle, and must not end the process.
    ///   (swift-subprocess restores it in children.)
    /// - The process becomes a child subreaper: a plugin's descendants cannot escape to process 1.
    static let once: Void = {
        signal(SIGPIPE, SIG_IGN)
        // Never fails since kernel 3.4. Without it, only escaped descendants are missed.
        _ = clinux_become_child_subreaper()
    }()
}
