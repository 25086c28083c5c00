import Scaling
import Testing

@Suite("The invariants over random histories")
struct InvariantTests {
    static let histories = 100_000
    /// The minimum share of the histories in which each cause has to occur, to prove that the generator covers it.
    static let leastPercent = 1.0
    /// Set a printed seed here to repeat a run.
    static let seed: UInt64? = nil
    /// Histories between two yields to other tests: a few milliseconds of work.
    private static let chunk = 20

    private struct Report {
        var counts: [Cause: Int] = [:]
        var faults: [String] = []
    }

    @Test("invariants hold in every decision, and every cause occurs", .timeLimit(.minutes(10)))
    func hold() async {
        let seed = Self.seed ?? UInt64.random(in: 0 ... .max)
        print("invariants: \(Self.histories) random histories of \(RandomHistory.polls) polls, seed \(seed)")
        // Two lanes use two cores, and each yields after a chunk.
        async let even = Self.run(from: 0, seed: seed)
        async let odd = Self.run(from: 1, seed: seed)
        let reports = await [even, odd]
        for fault in reports.flatMap(\.faults).prefix(5) { Issue.record("\(fault)") }
        for cause in Cause.allCases {
            let count = reports.reduce(0) { $0 + ($1.counts[cause] ?? 0) }
            let percent = 100 * Double(count) / Double(Self.histories)
            print("  \(cause.rawValue): in \(percent)% of the histories")
            #expect(percent >= Self.leastPercent, "seed \(seed): \(cause.rawValue)")
        }
    }

    /// Runs every second history from the given one on.
    @concurrent
    private static func run(from first: Int, seed: UInt64) async -> Report {
        var report = Report()
        for (turn, index) in stride(from: first, to: histories, by: 2).enumerated() {
            if turn % chunk == 0 { await Task.yield() }
            var history = RandomHistory(seed: seed &+ UInt64(index))
            if let fault = history.run() { report.faults.append("seed \(seed), history \(index), \(fault)") }
            for cause in history.seen { report.counts[cause, default: 0] += 1 }
        }
        return report
    }
}
