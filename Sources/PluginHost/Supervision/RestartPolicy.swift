/// When a plugin whose process ended is started again.
///
/// The wait doubles with each failure in a row, with jitter, and starts over once a process has been up for long.
/// Many crashes in a short time open a breaker: then single probes, one longest wait apart, until one stays up.
struct RestartPolicy {
    /// The action after a process has ended, or could not be started.
    struct Verdict: Equatable {
        let delay: Duration
        /// The breaker is open: the next start is a probe.
        let isBroken: Bool
    }

    private var failuresInRow = 0
    private var recentCrashes: [Duration] = []
    private(set) var isBroken = false

    /// - Parameters:
    ///   - upFor: how long after its handshake the process lived; nil if it did not get that far.
    ///   - random: evenly drawn from 0..<1.
    mutating func ended(upFor: Duration?, now: Duration, random: Double) -> Verdict {
        if let upFor, upFor >= PluginHostLimits.healthyAfter { self = RestartPolicy() }
        recentCrashes.removeAll { $0 <= now - PluginHostLimits.breakerWindow }
        recentCrashes.append(now)
        failuresInRow += 1
        if recentCrashes.count >= PluginHostLimits.breakerCrashes { isBroken = true }
        guard !isBroken else {
            return Verdict(delay: jittered(PluginHostLimits.maxRestartDelay, random), isBroken: true)
        }
        // Below the breaker's number of crashes, unless they are far apart, so the shift stays small.
        let doublings = min(failuresInRow - 1, 16)
        let delay = min(PluginHostLimits.firstRestartDelay * (1 << doublings), PluginHostLimits.maxRestartDelay)
        return Verdict(delay: jittered(delay, random), isBroken: false)
    }

    /// The config that ended the process is quarantined: neither this end nor the one before it counts.
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
