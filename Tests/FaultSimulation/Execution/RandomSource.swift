import TestSupport

/// The only source of randomness: one sequence per seed.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class RandomSource: @unchecked Sendable {
    private var generator: SplitMix64

    init(seed: UInt64) {
        generator = SplitMix64(seed: seed)
    }

    func next() -> UInt64 { generator.next() }
    func below(_ bound: Int) -> Int { generator.below(bound) }
    func within(_ range: ClosedRange<Int>) -> Int { generator.within(range) }
    func chance(perMille: Int) -> Bool { generator.below(1_000) < perMille }
    func chance(percent: Int) -> Bool { generator.below(100) < percent }
    func pick<Element>(_ choices: [Element]) -> Element { generator.pick(choices) }

    /// Returns a uniform number in 0..<1.
    func fraction() -> Double { Double(generator.next() >> 11) * 0x1p-53 }

    func duration(_ milliseconds: ClosedRange<Int>) -> Duration {
        .microseconds(generator.within(milliseconds.lowerBound * 1_000...milliseconds.upperBound * 1_000))
    }
}
