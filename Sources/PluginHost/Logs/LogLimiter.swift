/// A token bucket for one plugin's log lines: a burst, then a steady rate.
struct LogLimiter {
    private var tokens = Double(PluginHostLimits.logBurstLines)
    private var refilledAt: Duration
    private var suppressed = 0

    init(now: Duration) {
        refilledAt = now
    }

    enum Verdict: Equatable {
        /// - suppressed: the number of lines dropped since the last one that passed.
        case pass(suppressed: Int)
        case drop
    }

    mutating func admit(now: Duration) -> Verdict {
        let elapsed = (now - refilledAt) / .seconds(1)
        tokens = min(
            Double(PluginHostLimits.logBurstLines), tokens + elapsed * Double(PluginHostLimits.logLinesPerSecond))
        refilledAt = now
        guard tokens >= 1 else {
            suppressed += 1
            return .drop
        }
        tokens -= 1
        defer { suppressed = 0 }
        return .pass(suppressed: suppressed)
    }

    /// Returns and resets the number of dropped lines that have not been reported yet.
    mutating func takeSuppressed() -> Int {
        defer { suppressed = 0 }
        return suppressed
    }
}
