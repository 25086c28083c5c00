/// Computes when to restart a plugin whose process has ended.
///
/// The delay doubles with each consecutive failure, with jitter, and is reset once a process has been up for long
/// enough. Many crashes in a short time open a circuit breaker: single probes follow at the longest delay until one
/// stays up.
struct RestartPolicy {
    /// The action after a process has ended or could not be started.
    struct Verdict: Equatable {
        let delay: Duration
        /// Whether the circuit breaker is open, so that the next start is a probe.
        let isBroken: Bool
    }

    private var failuresInRow = 0
    private var recentCrashes: [Duration] = []
    private(set) var isBroken = false

    /// - Parameters:
    ///   - upFor: how long the process ran after its handshake; nil if it did not complete it.
    ///   - random: uniform in 0..<1.
    mutating func ended(upFor: Duration?, now: Duration, random: Double) -> Verdict {
        if let upFor, upFor >= PluginHostLimits.healthyAfter { self = RestartPolicy() }
        recentCrashes.removeAll { $0 <= now - PluginHostLimits.breakerWindow }
        recentCrashes.append(now)
        failuresInRow += 1
        if recentCrashes.count >= PluginHostLimits.breakerCrashes { isBroken = true }
        guard !isBroken else {
            return Verdict(delay: jittered(PluginHostLimits.maxRestartDelay, random), isBroken: true)
        }
        // The count is below the breaker's limit unless the crashes are far apart, so the shift is small.
        let doublings = min(failuresInRow - 1, 16)
        let delay = min(PluginHostLimits.firstRestartDelay * (1 << doublings), PluginHostLimits.maxRestartDelay)
        return Verdict(delay: jittered(delay, random), isBroken: false)
    }

    /// Handles an end that a quarantined config caused: neither this end nor the previous one counts.
    mutating func endedOnQuarantined(random: Double) -> Verdict {
        if !recentCrashes.isEmpty { recentCrashes.removeLast() }
        failuresInRow = max(0, failuresInRow - 1)
        return Verdict(delay: jittered(PluginHostLimits.firstRestartDelay, random), isBroken: false)
    }

    private func jittered(_ delay: Duration, _ random: Double) -> Duration {
        min(
            delay * (1 - PluginHostLimits.restartJitter + 2 * PluginHostLimits.restartJitter * random),
            PluginHostLimits.maxRestartDelay)
    }
}
