import Scaling
import Testing

@Suite("The invariants over random histories")
struct InvariantTests {
    static let histories = 100_000
    /// Each cause has to come up in at least this share of the histories, or the generator is blind for it.
    static let leastPercent = 1.0
    /// To play a run again, put the seed it printed here.
    static let seed: UInt64? = nil
    private static let batches = 50

    private struct Report {
        var counts: [Cause: Int] = [:]
        var faults: [String] = []
    }

    @Test("Hold in every decision, and every cause comes up", .timeLimit(.minutes(5)))
    func hold() async {
        let seed = Self.seed ?? UInt64.random(in: 0 ... .max)
        print("invariants: \(Self.histories) random histories of \(RandomWorld.polls) polls, seed \(seed)")
        var total = Report()
        await withTaskGroup(of: Report.self) { group in
            for batch in 0..<Self.batches {
                group.addTask { Self.run(batch, seed: seed) }
            }
            for await report in group {
                total.counts.merge(report.counts, uniquingKeysWith: +)
                total.faults += report.faults
            }
        }
        for fault in total.faults.prefix(5) { Issue.record("\(fault)") }
        for cause in Cause.allCases {
            let percent = 100 * Double(total.counts[cause] ?? 0) / Double(Self.histories)
            print("  \(cause.rawValue): in \(percent)% of the histories")
            #expect(percent >= Self.leastPercent, "seed \(seed): \(cause.rawValue)")
        }
    }

    private static func run(_ batch: Int, seed: UInt64) -> Report {
        let size = histories / batches
        var report = Report()
        for index in batch * size..<(batch + 1) * size {
            var world = RandomWorld(seed: seed &+ UInt64(index))
            if let fault = world.live() { report.faults.append("seed \(seed), history \(index), \(fault)") }
            for cause in world.seen { report.counts[cause, default: 0] += 1 }
        }
        return report
    }
}
