import Glibc

/// Waits until Ctrl-C or SIGTERM, so that the caller can clean up.
struct StopSignals {
    private var signals = sigset_t()

    /// From now on they are seen only by ``wait(milliseconds:)``. Before any other thread begins: it would not know.
    init() {
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// - Returns: whether this process has been told to stop.
    func wait(milliseconds: Int) -> Bool {
        var signals = signals
        var time = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
        return sigtimedwait(&signals, nil, &time) > 0
    }
}
