import Glibc
import PluginHost
import PluginProtocol
import WireFormats

/// Calls through the host to a plugin in Swift, against a raw ping-pong of the same bytes. Host and plugin run on
/// separate cores, and so do the two sides of the ping-pong.
struct PluginHostBenchmark: Benchmark {
    let name = "plugin-host"

    private static let rounds = 20
    private static let serialCallsInRound = 2_000
    private static let callers = 256
    private static let pipelinedCalls = 600_000
    private static let memoryCalls = 1_000_000
    private static let manyPlugins = 50
    private static let config: JSON = ["value": 42.5]
    private static let timeout: Duration = .seconds(10)

    func run() async throws -> [Measurement] {
        var measurements = try await BenchHost.run(
            manifest: "plugins: {bench: {argv: [\(BenchHost.built("bench-plugin"))]}}"
        ) { host in
            // On the host's loop, as for any caller with short work between two calls.
            try await withThrowingTaskGroup(of: [Measurement].self) { group in
                group.addTask(executorPreference: host.taskExecutor) {
                    let (own, other) = try Cores.allowed().two
                    try own.confineThisThread()
                    try other.confine(process: try await self.process(of: host))
                    return try await self.serial(host, pluginCore: other)
                }
                let serial = try await group.next() ?? []
                group.addTask(executorPreference: host.taskExecutor) { try await self.pipelined(host) }
                let pipelined = try await group.next() ?? []
                group.addTask(executorPreference: host.taskExecutor) { try await self.memory(host) }
                return serial + pipelined + (try await group.next() ?? [])
            }
        }
        measurements.append(try await startMany())
        return measurements
    }

    // MARK: What is measured

    private func serial(_ host: PluginHost, pluginCore: Cores) async throws -> [Measurement] {
        let raw = try RawPingPong(requestBytes: Self.requestBytes, answerBytes: Self.answerBytes)
        let plugin = try await process(of: host)
        try pluginCore.confine(process: raw.process)
        for _ in 0..<Self.serialCallsInRound {
            raw.roundTrip()
            _ = try await read(host)
        }
        var times: (raw: [Double], host: [Double]) = ([], [])
        var cpu = (raw: 0.0, host: 0.0)
        let clock = ContinuousClock()
        for _ in 0..<Self.rounds {
            cpu.raw -= try cpuSeconds(with: raw.process)
            for _ in 0..<Self.serialCallsInRound {
                let start = clock.now
                raw.roundTrip()
                times.raw.append((clock.now - start) / .microseconds(1))
            }
            cpu.raw += try cpuSeconds(with: raw.process)
            cpu.host -= try cpuSeconds(with: plugin)
            for _ in 0..<Self.serialCallsInRound {
                let start = clock.now
                _ = try await read(host)
                times.host.append((clock.now - start) / .microseconds(1))
            }
            cpu.host += try cpuSeconds(with: plugin)
        }
        let calls = Double(Self.rounds * Self.serialCallsInRound)
        return [
            Measurement(
                name: "\(name)/serial-p50", value: times.host.percentile(0.5), unit: "us",
                baseline: times.raw.percentile(0.5), goal: .atMost(2)),
            Measurement(
                name: "\(name)/serial-p99", value: times.host.percentile(0.99), unit: "us",
                baseline: times.raw.percentile(0.99)),
            Measurement(
                name: "\(name)/serial-cpu", value: cpu.host / calls * 1e6, unit: "us/call",
                baseline: cpu.raw / calls * 1e6, goal: .atMost(2)),
        ]
    }

    private func pipelined(_ host: PluginHost) async throws -> [Measurement] {
        let plugin = try await process(of: host)
        try await callers(host, calls: Self.pipelinedCalls / 10)
        let cpu = try cpuSeconds(with: plugin)
        let start = ContinuousClock.now
        try await callers(host, calls: Self.pipelinedCalls)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let calls = Double(Self.pipelinedCalls)
        return [
            Measurement(
                name: "\(name)/pipelined-rate", value: calls / seconds, unit: "calls/s", goal: .atLeast(150_000)),
            Measurement(
                name: "\(name)/pipelined-cpu", value: (try cpuSeconds(with: plugin) - cpu) / calls * 1e6,
                unit: "us/call", goal: .atMost(10)),
        ]
    }

    private func memory(_ host: PluginHost) async throws -> [Measurement] {
        try await callers(host, calls: Self.memoryCalls / 10)
        let before = try ProcessTimes.residentMiB()
        try await callers(host, calls: Self.memoryCalls)
        return [
            Measurement(
                name: "\(name)/memory-growth-over-1M-calls", value: try ProcessTimes.residentMiB() - before,
                unit: "MiB", goal: .atMost(1))
        ]
    }

    private func startMany() async throws -> Measurement {
        let entries = (0..<Self.manyPlugins).map {
            "  p\($0): {argv: [\(BenchHost.built("misbehaving-plugin")), --type, p\($0)]}"
        }
        let start = ContinuousClock.now
        let seconds = try await BenchHost.run(manifest: "plugins:\n" + entries.joined(separator: "\n")) { host in
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let up = await host.health().count { $0.state == .up }
            guard up == Self.manyPlugins else { throw BenchError("only \(up) of \(Self.manyPlugins) plugins are up") }
            return seconds
        }
        return Measurement(name: "\(name)/start-50-plugins", value: seconds, unit: "s", goal: .atMost(2))
    }

    // MARK: Calls

    private func read(_ host: PluginHost) async throws -> MetricReading {
        try await host.read(type: "bench", config: Self.config, targetType: .value, timeout: Self.timeout)
    }

    private func callers(_ host: PluginHost, calls: Int) async throws {
        try await withThrowingTaskGroup { group in
            for _ in 0..<Self.callers {
                group.addTask(executorPreference: host.taskExecutor) {
                    for _ in 0..<(calls / Self.callers) { _ = try await read(host) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func cpuSeconds(with other: Int32) throws -> Double {
        try ProcessTimes.cpuSeconds(of: getpid()) + ProcessTimes.cpuSeconds(of: other)
    }

    private func process(of host: PluginHost) async throws -> Int32 {
        guard let process = await host.health().first?.processID else { throw BenchError("the plugin is not up") }
        return process
    }

    /// The size of the host's and the plugin's lines.
    private static let requestBytes = PluginRequest.getMetricValue(
        type: "bench", config: config, targetType: .value
    ).line(id: 1_000_000, deadlineMs: 9_750).count
    private static let answerBytes =
        #"{"jsonrpc":"2.0","id":1000000,"result":{"value":42.5,"observedAt":"2026-01-01T00:00:00.000Z"}}"#.utf8.count
        + 1
}
