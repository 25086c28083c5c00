import Glibc
import PluginHost
import TestSupport

/// Kills plugins at random, and no plugin so often that the operator gives up on it for minutes: then a soak would
/// soak nothing.
///
/// The operator waits longer after each crash in a row, and tries only now and then after
/// ``PluginHostLimits/breakerCrashes`` of them. Both start over once a process has been up for
/// ``PluginHostLimits/healthyAfter``.
struct PluginKiller {
    /// A process that is seen for that long has been up for ``PluginHostLimits/healthyAfter``, its start included.
    private static let healthyAfter = PluginHostLimits.healthyAfter + .seconds(20)

    private struct Victim {
        var process: pid_t
        var since: ContinuousClock.Instant
        /// Since it was last up for long.
        var kills = 0
    }

    private var victims: [String: Victim] = [:]
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    /// Takes note of the plugins' processes that run now, by their names.
    mutating func see(_ plugins: [String: pid_t], now: ContinuousClock.Instant) {
        for (name, process) in plugins where victims[name]?.process != process {
            victims[name] = Victim(process: process, since: now, kills: victims[name]?.kills ?? 0)
        }
    }

    /// Kills one of those that run, where there is one that may be killed.
    ///
    /// - Returns: its name.
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
