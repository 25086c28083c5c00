/// A token bucket: a burst, then a steady rate per second.
struct FloodMeter {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var refilledAt: Duration?

    init(perSecond: Int, burst: Int) {
        self.perSecond = Double(perSecond)
        self.burst = Double(burst)
        tokens = Double(burst)
    }

    /// - Returns: false if the limit is exceeded.
    mutating func take(_ amount: Int, now: Duration) -> Bool {
        if let refilledAt { tokens = min(burst, tokens + (now - refilledAt) / .seconds(1) * perSecond) }
        refilledAt = now
        tokens -= Double(amount)
        return tokens >= 0
    }

    /// How long until tokens are available again.
    var wait: Duration { tokens >= 0 ? .zero : .seconds(-tokens / perSecond) }
}
