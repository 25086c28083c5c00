/// Exponential backoff with jitter: attempt n waits `base * 2^n`, at most `cap`, times 0.5 to 1.0.
///
/// Randomness comes in as a number, so that equal inputs wait equally long.
package struct Backoff: Sendable, Hashable {
    package let base: Duration
    package let cap: Duration

    package init(base: Duration, cap: Duration) {
        self.base = base
        self.cap = cap
    }

    /// - Parameters:
    ///   - attempt: failures before this one.
    ///   - random: evenly from 0 up to 1.
    package func delay(attempt: Int, random: Double) -> Duration {
        // 2^30 times any base is past any cap.
        let whole = min(base * (1 << min(max(attempt, 0), 30)), cap)
        return whole * (0.5 + random / 2)
    }
}
