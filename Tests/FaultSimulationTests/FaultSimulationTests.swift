import Synchronization
import TestSupport
import Testing

/// The operator under fault injection. Runs in a separate program, because it controls every task of its process.
@Suite("Fault simulation")
struct FaultSimulationTests {
    private static let seeds = 2_000
    /// The number of seeds in `make test`; `make simulate-faults` runs any number.
    private static let invariantSeeds = 1_000

    @Test("every invariant holds in 1,000 seeds of fault simulation", .timeLimit(.minutes(30)))
    func invariants() async throws {
        let seeds = "\(Self.invariantSeeds)"
        async let even = Self.simulate("--seeds", seeds, "--processes", "2", "--share", "0")
        async let odd = Self.simulate("--seeds", seeds, "--processes", "2", "--share", "1")
        for output in try await [even, odd] {
            #expect(output.last?.hasSuffix(" 0 failed") == true, "\(output.joined(separator: "\n"))")
        }
    }

    @Test("a seed reproduces the same run every time", .timeLimit(.minutes(5)))
    func determinism() async throws {
        let output = try await Self.simulate("--seeds", "15", "--first", "50000", "--twice")
        #expect(output.last?.hasSuffix(" 0 failed") == true, "\(output.joined(separator: "\n"))")
    }

    /// The defects with the invariant checker's message: a defect that violates another invariant was found by chance.
    private static let defects = [
        "resource-version-not-sent": "without saying which version",
        "leader-check-skipped": "held the lease",
        "no-data-is-zero": "had no value|asked for more|not idle for long enough",
        "pending-scale-lost": "no decision that was written down",
        "relist-dropped":
            "was not polled|it is paused|it is a dry run|out of|an older scaler|gone for long|leaves|says|have passed",
        "rate-ignored": "at once|forbids",
        "late-answer-applied-twice": "no decision that was written down",
        "due-time-forgotten": "was not polled|was told to end|says|leaves",
        "backwards-clock-trusted": "was not polled|leaves|says",
        "task-leaked": "still holds on to it",
        "forecast-lowers": "a forecast must not lower|its metrics ask for at least",
        "edges-late": "has not met the edge",
        "schedules-not-listed": "out of|has not met the edge",
        "budget-limit-doubled": "others use at least|is exceeded",
        "guarantee-ignored": "does not have its guarantee",
        "reclaim-not-immediate": "is exceeded|does not have its guarantee",
        "budget-relist-dropped":
            "others use at least|is exceeded|does not have its guarantee|has room that nobody gets|the status says",
        "predecessor-not-counted": "others use at least",
        "given-up-not-counted": "others use at least",
        "budget-status-lost": "the status says",
    ]

    /// The first seeds for defects that are found late, to skip minutes of seeds that do not find them.
    private static let firstSeeds = ["predecessor-not-counted": 150, "given-up-not-counted": 750]

    @Test("a planted defect is found within 2,000 seeds", .timeLimit(.minutes(30)), arguments: defects.keys.sorted())
    func plantedDefect(name: String) async throws {
        let first = Self.firstSeeds[name] ?? 0
        let output = try await Self.simulate(
            "--first", "\(first)", "--seeds", "\(Self.seeds - first)", "--defect", name)
        let found = try #require(output.first { $0.hasPrefix("seed ") }, "\(name) was not found")
        let words = try #require(Self.defects[name]?.split(separator: "|"))
        #expect(words.contains { found.contains($0) }, "\(name): \(found)")
        print("\(name) is found at \(found)")
    }

    /// - Returns: the printed lines.
    private static func simulate(_ options: String...) async throws -> [String] {
        let output = Mutex<[String]>([])
        // Set here, so that the program need not restart itself.
        let environment = ["SWIFT_DETERMINISTIC_HASHING": "1"]
        try await RunningProcess.run("simulate-faults", options, environment: environment) { process in
            try await process.outputLine { $0.hasSuffix(" failed") && $0.contains(" jobs, ") }
            output.withLock { $0 = process.output }
        }
        return output.withLock(\.self)
    }
}
