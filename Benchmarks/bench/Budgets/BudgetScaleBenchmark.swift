import FoundationEssentials
import Glibc

/// The CPU time, memory and reaction of scalers under budgets: the same scalers without and with budgets, each in a separate
/// run. No budget binds.
struct BudgetScaleBenchmark: Benchmark {
    let size: Int
    let budgets: Int
    var name: String { "scale-budgets-\(size)" }

    private static let windowSeconds = 60
    private static let mostRisen = 1_000
    private static let patience: Duration = .seconds(180)
    private static let cpuGoal = 1.1
    /// In MiB, for ``goalSize`` scalers.
    private static let memoryGoal = 15.0
    /// Both reactions have a poll's interval in them, and differ a little between runs.
    private static let reactionGoal = 1.02
    private static let goalSize = 10_000

    func run() async throws -> [Measurement] {
        let without = try measure("without", budgets: 0)
        let with = try measure("with", budgets: budgets)
        func perScaler(_ window: ScaleRun.Window) -> Double { window.cpuMilliseconds / Double(size) }
        let isLarge = size >= Self.goalSize
        return [
            Measurement(
                name: "\(name)/cpu", value: perScaler(with.window), unit: "ms/scaler/min",
                baseline: perScaler(without.window), goal: isLarge ? .atMost(Self.cpuGoal) : nil),
            Measurement(
                name: "\(name)/added-memory",
                value: with.window.memory.proportional - without.window.memory.proportional, unit: "MiB",
                goal: isLarge ? .atMost(Self.memoryGoal) : nil),
            Measurement(
                name: "\(name)/metric-to-patch-p99", value: with.reaction.percentile(0.99), unit: "s",
                baseline: without.reaction.percentile(0.99), goal: isLarge ? .atMost(Self.reactionGoal) : nil),
            Measurement(
                name: "\(name)/api-writes", value: Double(with.window.writes), unit: "in \(Self.windowSeconds) s",
                goal: .atMost(0)),
        ]
    }

    private func measure(_ what: String, budgets: Int) throws -> (window: ScaleRun.Window, reaction: [Double]) {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "bench-budgets-\(getpid())-\(size)-\(what)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let run = try ScaleRun(size: size, directory: directory, budgets: budgets)
        _ = try run.untilAllAreReady()
        let window = try run.steadyState(seconds: Self.windowSeconds, unsteady: true)
        return (window, try run.reaction(of: min(size, Self.mostRisen), patience: Self.patience))
    }
}
