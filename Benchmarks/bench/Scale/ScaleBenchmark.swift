import FoundationEssentials
import Glibc

/// The complete operator with its plugins, a simulated cluster and a Prometheus replacement in separate processes:
/// resource use and speed with 0 to 10,000 scalers that each poll a different query.
struct ScaleBenchmark: Benchmark {
    let size: Int
    var name: String { "scale-\(size)" }

    /// The duration of each steady-state measurement: four polls of each scaler.
    private static let windowSeconds = 60
    /// The maximum number of scalers whose metrics rise simultaneously.
    private static let mostRisen = 1_000
    private static let patience: Duration = .seconds(180)
    /// The allowed seconds from a metric's change to the patch, in addition to the polling interval.
    private static let reactionAllowance = 0.3

    func run() async throws -> [Measurement] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "bench-scale-\(getpid())-\(size)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var run = try ScaleRun(size: size, directory: directory)
        var results: [Measurement] = []
        func add(
            _ what: String, _ value: Double, _ unit: String, baseline: Double? = nil, goal: Measurement.Goal? = nil
        ) {
            results.append(
                Measurement(name: "\(name)/\(what)", value: value, unit: unit, baseline: baseline, goal: goal))
        }
        let goals = ScaleGoals(size: size)

        let ready = try run.untilAllAreReady()
        if size > 0 { add("all-new-ones-ready", ready, "s", goal: goals.isLarge ? .atMost(20) : nil) }
        let idle = try run.steadyState(seconds: Self.windowSeconds, unsteady: false)
        let active = size > 0 ? try run.steadyState(seconds: Self.windowSeconds, unsteady: true) : nil
        add("memory-pss", active?.memory.proportional ?? idle.memory.proportional, "MiB", goal: goals.proportional)
        add("memory-rss", active?.memory.resident ?? idle.memory.resident, "MiB", goal: goals.resident)
        if size == 0 { add("cpu", idle.cpuMilliseconds, "ms/min") }
        for (state, window) in [("idle", idle), ("active", active)] where size > 0 {
            guard let window else { continue }
            add("\(state)/cpu", window.cpuMilliseconds / Double(size), "ms/scaler/min", goal: goals.cpu)
            add("\(state)/cpu-of-plugins", window.pluginMilliseconds / Double(size), "ms/scaler/min")
            add("\(state)/queries", window.queriesPerSecond, "1/s")
            add("\(state)/api-writes", Double(window.writes), "in \(Self.windowSeconds) s", goal: .atMost(0))
            if let lateness = window.latenessP99 {
                add("\(state)/poll-lateness-p99", lateness * 1e3, "ms", goal: goals.isLarge ? .atMost(250) : nil)
            }
        }
        if let active, active.queriesPerSecond > 0 {
            let bare = try run.bareQuerySeconds(rate: active.queriesPerSecond)
            let each = active.cpuMilliseconds / 60 / active.queriesPerSecond
            add("active/cpu-per-query", each * 1e3, "us", baseline: bare * 1e6, goal: goals.isLarge ? .atMost(3) : nil)
        }
        if size > 0 {
            add("allocations-per-poll", try run.allocationsPerPoll(patience: Self.patience), "")
            add("relist-cpu", try run.relistCost() * 1e3, "ms")
            let reaction = try run.reaction(of: min(size, Self.mostRisen), patience: Self.patience)
            let bound = Double(ScaleEnvironment.pollSeconds) + Self.reactionAllowance
            add("metric-to-patch-p50", reaction.percentile(0.5), "s")
            add("metric-to-patch-p99", reaction.percentile(0.99), "s", goal: goals.isLarge ? .atMost(bound) : nil)
            add(
                "all-polled-after-restart", try run.restart(patience: Self.patience), "s",
                goal: goals.isLarge ? .atMost(20) : nil)
        }
        return results
    }
}

/// The goals for the larger sizes.
private struct ScaleGoals {
    let size: Int

    var isLarge: Bool { size >= 1_000 }
    var proportional: Measurement.Goal? { [1_000: .atMost(70), 10_000: .atMost(220)][size] }
    var resident: Measurement.Goal? { [1_000: .atMost(130)][size] }
    var cpu: Measurement.Goal? { [1_000: .atMost(1), 10_000: .atMost(0.8)][size] }
}
