/// The result of one seed.
struct SeedRun {
    let seed: UInt64
    /// The faults that were selected; empty for the seed's selection.
    let faults: [Fault]
    let violation: Violation?
    let hash: Int
    let jobs: Int
    private let trace: Trace

    static func run(_ seed: UInt64, only faults: [Fault], defect: PlantedDefect?, logs: Bool) throws -> SeedRun {
        let environment = try SimulatedEnvironment(seed: seed, only: faults, defect: defect, logsIntoTrace: logs)
        let violation = try environment.run()
        return SeedRun(
            seed: seed, faults: faults, violation: violation, hash: environment.trace.hash, jobs: environment.jobs,
            trace: environment.trace)
    }

    /// Returns the last lines of the trace, and the command to reproduce it.
    func report(lines: Int) -> String {
        let what = violation.map { "\($0)" } ?? "every invariant held"
        return trace.last(lines).joined(separator: "\n") + "\nseed \(seed): \(what)\n"
            + "again: make simulate-faults SEED=\(seed)"
            + (faults.isEmpty ? "" : " FAULTS=\"\(faults.map(\.rawValue).joined(separator: " "))\"")
    }
}
