import Glibc

/// Waits for Ctrl-C or SIGTERM, so that the caller can clean up.
struct StopSignals {
    private var signals = sigset_t()

    /// Blocks the signals, which only ``wait(milliseconds:)`` detects from now on. Call this before starting other
    /// threads, which inherit the mask.
    init() {
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    /// - Returns: whether a signal was received.
    func wait(milliseconds: Int) -> Bool {
        var signals = signals
        var time = timespec(tv_sec: milliseconds / 1_000, tv_nsec: milliseconds % 1_000 * 1_000_000)
        return sigtimedwait(&signals, nil, &time) > 0
    }
}
