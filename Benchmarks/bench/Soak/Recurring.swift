import TestSupport

/// A recurring event at random intervals.
struct Recurring {
    private let gapMilliseconds: ClosedRange<Int>
    private var random: SplitMix64
    private var due: ContinuousClock.Instant

    init(every gapMilliseconds: ClosedRange<Int>, seed: UInt64) {
        self.gapMilliseconds = gapMilliseconds
        random = SplitMix64(seed: seed)
        due = .now
        _ = isDue(at: due)
    }

    /// - Returns: whether the event is due; if so, the next time is drawn.
    mutating func isDue(at now: ContinuousClock.Instant) -> Bool {
        guard now >= due else { return false }
        due = now + .milliseconds(Int.random(in: gapMilliseconds, using: &random))
        return true
    }
}
