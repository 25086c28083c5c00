/// Exponential backoff with jitter: attempt n waits `base * 2^n`, at most `cap`, times 0.5 to 1.0.
///
/// The random number is a parameter, so that the result is deterministic.
package struct Backoff: Sendable, Hashable {
    package let base: Duration
    package let cap: Duration

    package init(base: Duration, cap: Duration) {
        self.base = base
        self.cap = cap
    }

    /// - Parameters:
    ///   - attempt: failures before this one.
    ///   - random: uniform in 0..<1.
    package func delay(attempt: Int, random: Double) -> Duration {
        // 2^30 times any base exceeds any cap.
        let whole = min(base * (1 << min(max(attempt, 0), 30)), cap)
        return whole * (0.5 + random / 2)
    }
}
