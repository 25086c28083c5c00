import FoundationEssentials
import Glibc
import WireFormats

/// The CPU time and memory of forecasts: the same scalers without and with one, each in a separate run.
///
/// The Prometheus replacement has no history. A forecaster takes the memory of all its days from its first reading on, and
/// reads of history are paced, so that they are not part of a steady state.
struct ForecastScaleBenchmark: Benchmark {
    let size: Int
    var name: String { "scale-forecast-\(size)" }

    private static let windowSeconds = 60
    private static let cpuGoal = 1.25
    /// In MiB, for ``goalSize`` scalers.
    private static let memoryGoal = 200.0
    private static let goalSize = 10_000

    func run() async throws -> [Measurement] {
        let without = try window("without", forecast: false)
        let with = try window("with", forecast: true)
        func perScaler(_ window: ScaleRun.Window) -> Double { window.cpuMilliseconds / Double(size) }
        let memory = with.memory.proportional - without.memory.proportional
        let isLarge = size >= Self.goalSize
        return [
            Measurement(
                name: "\(name)/cpu", value: perScaler(with), unit: "ms/scaler/min", baseline: perScaler(without),
                goal: isLarge ? .atMost(Self.cpuGoal) : nil),
            Measurement(
                name: "\(name)/added-memory", value: memory, unit: "MiB", goal: isLarge ? .atMost(Self.memoryGoal) : nil
            ),
            Measurement(
                name: "\(name)/api-writes", value: Double(with.writes), unit: "in \(Self.windowSeconds) s",
                goal: .atMost(0)),
        ]
    }

    private func window(_ what: String, forecast: Bool) throws -> ScaleRun.Window {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "bench-forecast-\(getpid())-\(size)-\(what)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let run = try ScaleRun(size: size, directory: directory, forecast: forecast ? ["mode": "Active"] : nil)
        _ = try run.untilAllAreReady()
        return try run.steadyState(seconds: Self.windowSeconds, unsteady: true)
    }
}
