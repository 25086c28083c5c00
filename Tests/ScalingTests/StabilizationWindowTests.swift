import TestSupport
import Testing

@testable import Scaling

@Suite("The stabilization window")
struct StabilizationWindowTests {
    /// Keeps everything that has not expired, and searches all of it.
    private struct Naive {
        var all: [(time: Timestamp, replicas: Int)] = []

        mutating func record(_ replicas: Int, at time: Timestamp, length: Duration) {
            all = all.map { (min($0.time, time), $0.replicas) }.filter { time - $0.0 < length } + [(time, replicas)]
        }

        func value(_ extreme: StabilizationWindow.Extreme) -> Int? {
            extreme == .lowest ? all.map(\.replicas).min() : all.map(\.replicas).max()
        }
    }

    @Test("the stabilization window agrees with a reference that keeps every entry", arguments: [0, 1, 60, 300, 3_600])
    func agreement(seconds: Int) {
        let length = Duration.seconds(seconds)
        for seed in 0..<20 {
            var random = SplitMix64(seed: UInt64(seed))
            var naive = Naive()
            var lowest = StabilizationWindow(.lowest)
            var highest = StabilizationWindow(.highest)
            #expect(lowest.value == nil)
            var time = 0
            for _ in 0..<200 {
                // Occasionally the same time, a long gap, or a clock that is set back.
                time += random.pick([0, 1, 15, 15, 15, 15, 59, 60, 61, 1_000, -500])
                let replicas = random.within(0...12)
                naive.record(replicas, at: at(time), length: length)
                lowest.record(replicas, at: at(time), length: length)
                highest.record(replicas, at: at(time), length: length)
                #expect(lowest.value == naive.value(.lowest), "seed \(seed), at \(time)")
                #expect(highest.value == naive.value(.highest), "seed \(seed), at \(time)")
            }
        }
    }

    @Test("the stabilization window keeps at most one entry per poll of its length in the worst case")
    func bounded() {
        var window = StabilizationWindow(.highest)
        var most = 0
        for second in 0..<20_000 {
            window.record(20_000 - second, at: at(second), length: .seconds(3_600))
            most = max(most, window.entries.count)
        }
        #expect(most == 3_600)
    }

    @Test("equal recommendations in a row take one entry of the stabilization window")
    func steady() {
        var window = StabilizationWindow(.lowest)
        for second in 0..<1_000 { window.record(4, at: at(second), length: .seconds(3_600)) }
        #expect(window.entries.count == 1)
    }
}
