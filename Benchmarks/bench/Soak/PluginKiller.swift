import Glibc
import PluginHost
import TestSupport

/// Kills plugins at random, but no plugin so often that the operator's circuit breaker opens for minutes, which would
/// make the soak test meaningless.
///
/// The restart delay grows with each consecutive crash, and the breaker opens after ``PluginHostLimits/breakerCrashes``
/// of them. Both are reset once a process has been up for ``PluginHostLimits/healthyAfter``.
struct PluginKiller {
    /// The observed uptime after which a process has been up for ``PluginHostLimits/healthyAfter``, including its
    /// start.
    private static let healthyAfter = PluginHostLimits.healthyAfter + .seconds(20)

    private struct Victim {
        var process: pid_t
        var since: ContinuousClock.Instant
        /// The kills since the last long uptime.
        var kills = 0
    }

    private var victims: [String: Victim] = [:]
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    /// Updates the running plugin processes by name.
    mutating func see(_ plugins: [String: pid_t], now: ContinuousClock.Instant) {
        for (name, process) in plugins where victims[name]?.process != process {
            victims[name] = Victim(process: process, since: now, kills: victims[name]?.kills ?? 0)
        }
    }

    /// Kills a running process if one may be killed.
    ///
    /// - Returns: the plugin's name; nil if none was killed.
    mutating func kill(_ plugins: [String: pid_t], now: ContinuousClock.Instant) -> String? {
        see(plugins, now: now)
        let candidates = plugins.keys.sorted().filter { name in
            guard let victim = victims[name] else { return false }
            return victim.kills < PluginHostLimits.breakerCrashes - 1 || now - victim.since > Self.healthyAfter
        }
        guard let name = candidates.randomElement(using: &random), var victim = victims[name] else { return nil }
        Glibc.kill(victim.process, SIGKILL)
        victim.kills = now - victim.since > Self.healthyAfter ? 1 : victim.kills + 1
        victims[name] = victim
        return name
    }
}
