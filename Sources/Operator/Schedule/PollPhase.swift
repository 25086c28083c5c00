import ScalerAPI

/// Spreads polls over time, so that a thousand scalers do not poll in one instant, and keeps those that share a
/// reading together, so that one call serves them.
enum PollPhase {
    /// Returns the first time after `now` at which something with this phase and interval is due.
    ///
    /// Intervals that divide each other fall together: the phase is an offset into the longest interval there is. Polls
    /// begin at whole slots: waking this process, a plugin and a source once for a few costs hardly more than for one.
    static func nextDue(after now: Duration, phase: UInt64, interval: Duration) -> Duration {
        let interval = interval.microsecondCount
        let phase = Int64(phase % UInt64(longestInterval.microsecondCount))
        let offset = (phase - phase % slot.microsecondCount) % interval
        let now = now.microsecondCount
        let sinceOffset = ((now - offset) % interval + interval) % interval
        return .microseconds(now + interval - sinceOffset)
    }

    private static let slot: Duration = .milliseconds(500)
    private static let longestInterval: Duration = .seconds(GeneralScalerSpec.Limits.pollingIntervalSeconds.upperBound)

    /// Returns a phase that is the same in every process for the same text (FNV-1a, 64 bits).
    static func phase(of text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { hash, byte in (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
}

extension Duration {
    /// Whole microseconds, rounded towards zero.
    var microsecondCount: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
