import CLinux
import Glibc

/// What the whole process needs set, once, before it hosts plugins.
enum ProcessSetup {
    /// - SIGPIPE is ignored: writing to a plugin that has died is an error to handle, not a reason to die with it.
    ///   (swift-subprocess restores it in children.)
    /// - The process becomes a child subreaper: a plugin's descendants cannot escape to process 1.
    static let once: Void = {
        signal(SIGPIPE, SIG_IGN)
        // Fails on no kernel since 3.4; without it only escaped descendants are missed.
        _ = clinux_become_child_subreaper()
    }()
}
