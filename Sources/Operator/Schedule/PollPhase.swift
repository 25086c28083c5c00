import ScalerAPI

/// Spreads polls over time, so that many scalers are not polled simultaneously, and keeps those that share a reading
/// together, so that one call serves them.
enum PollPhase {
    /// Returns the first time after `now` at which something with this phase and interval is due.
    ///
    /// Polls with intervals that divide each other coincide, because the phase is an offset into the longest possible
    /// interval. Polls begin at whole slots, so that one wake-up of this process, a plugin and a source serves several
    /// polls.
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
    /// Whole microseconds, rounded toward zero.
    var microsecondCount: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
