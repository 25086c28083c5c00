import Glibc
import KubernetesClient
import PluginHost
import PluginProtocol
import WireFormats

/// What the bounds cost: the same work with and without each of them, alternately in the same run.
struct BoundsBenchmark: Benchmark {
    let name = "bounds"

    private static let callRounds = 20
    private static let callsInRound = 2_000
    private static let starts = 15
    private static let idleRounds = 3
    private static let idleSeconds = 10.0
    private static let parseRounds = 200
    private static let confined = "confined"
    private static let free = "free"

    func run() async throws -> [Measurement] {
        try await calls() + [start()] + idle() + parsing()
    }

    // MARK: The sandbox

    /// Calls to a confined plugin, against the same program with `confined: false`.
    private func calls() async throws -> [Measurement] {
        let plugins = [Self.confined, Self.free].map(Self.entry).joined(separator: "\n")
        return try await BenchHost.run(manifest: "plugins:\n\(plugins)") { host in
            try await withThrowingTaskGroup(of: [Measurement].self) { group in
                group.addTask(executorPreference: host.taskExecutor) { try await calls(host) }
                return try await group.next() ?? []
            }
        }
    }

    private func calls(_ host: PluginHost) async throws -> [Measurement] {
        let (own, other) = try Cores.allowed().two
        try own.confineThisThread()
        var times: [String: [Double]] = [:]
        var cpu: [String: Double] = [:]
        for type in [Self.confined, Self.free] {
            try other.confine(process: try await process(type, host))
            for _ in 0..<Self.callsInRound { try await read(type, host) }
        }
        let clock = ContinuousClock()
        for _ in 0..<Self.callRounds {
            for type in [Self.confined, Self.free] {
                let plugin = try await process(type, host)
                let before = try ProcessTimes.cpuSeconds(of: getpid()) + ProcessTimes.cpuSeconds(of: plugin)
                for _ in 0..<Self.callsInRound {
                    let start = clock.now
                    try await read(type, host)
                    times[type, default: []].append((clock.now - start) / .microseconds(1))
                }
                let after = try ProcessTimes.cpuSeconds(of: getpid()) + ProcessTimes.cpuSeconds(of: plugin)
                cpu[type, default: 0] += after - before
            }
        }
        let calls = Double(Self.callRounds * Self.callsInRound)
        return [
            Measurement(
                name: "\(name)/sandboxed-call-p50", value: times[Self.confined, default: []].percentile(0.5),
                unit: "us",
                baseline: times[Self.free, default: []].percentile(0.5), goal: .atMost(1.1)),
            Measurement(
                name: "\(name)/sandboxed-call-cpu", value: cpu[Self.confined, default: 0] / calls * 1e6,
                unit: "us/call",
                baseline: cpu[Self.free, default: 0] / calls * 1e6, goal: .atMost(1.1)),
        ]
    }

    /// The median time from the start of a host to the handshake of its plugin, confined and not.
    private func start() async throws -> Measurement {
        var times: [String: [Double]] = [:]
        for _ in 0..<Self.starts {
            for type in [Self.confined, Self.free] {
                let start = ContinuousClock.now
                let milliseconds = try await BenchHost.run(manifest: "plugins:\n\(Self.entry(type))") { host in
                    _ = try await process(type, host)
                    return (ContinuousClock.now - start) / .milliseconds(1)
                }
                times[type, default: []].append(milliseconds)
            }
        }
        return Measurement(
            name: "\(name)/sandboxed-start-p50", value: times[Self.confined, default: []].percentile(0.5), unit: "ms",
            baseline: times[Self.free, default: []].percentile(0.5))
    }

    // MARK: The watch

    /// The host's CPU time while an idle plugin's memory, processes and files are watched, as a share of one core. The
    /// baseline is a host without plugins, which watches nothing.
    private func idle() async throws -> [Measurement] {
        var shares: (watching: [Double], baseline: [Double]) = ([], [])
        for _ in 0..<Self.idleRounds {
            shares.watching.append(
                try await BenchHost.run(manifest: "plugins:\n\(Self.entry(Self.confined))") { host in
                    _ = try await process(Self.confined, host)
                    return try await Self.idleShare()
                })
            shares.baseline.append(try await BenchHost.run(manifest: "plugins: {}") { _ in try await Self.idleShare() })
        }
        let without = shares.baseline.percentile(0.5)
        return [
            Measurement(name: "\(name)/idle-cpu-without-watch", value: without, unit: "% of a core"),
            Measurement(
                name: "\(name)/watch-cpu", value: shares.watching.percentile(0.5) - without, unit: "% of a core",
                goal: .atMost(0.2)),
        ]
    }

    private static func idleShare() async throws -> Double {
        let before = try ProcessTimes.cpuSeconds(of: getpid())
        try await Task.sleep(for: .seconds(idleSeconds))
        return 100 * (try ProcessTimes.cpuSeconds(of: getpid()) - before) / idleSeconds
    }

    // MARK: Parsers

    /// An object of the API server through the bounded reader, which skips `managedFields`, against a parser of the whole
    /// text without a limit; and a config at its limit of values with and without limits.
    private func parsing() throws -> [Measurement] {
        let object = try ObjectText.make()
        let reader = ObjectReader(ObjectText.fields)
        let config = JSON.object(
            Dictionary(uniqueKeysWithValues: (0..<ObjectText.configValues).map { ("key-\($0)", .integer(Int64($0))) })
        ).encoded()
        let limits = JSONLimits(bytes: config.count, nodes: ObjectText.configValues + 1, depth: 1)
        let objects = try alternately {
            guard case .whole = try reader.read(object[...]) else { throw BenchError("the object is too large") }
        } and: {
            _ = try JSON(parsing: object, limits: .trusted)
        }
        let configs = try alternately {
            _ = try JSON(parsing: config, limits: limits)
        } and: {
            _ = try JSON(parsing: config, limits: .trusted)
        }
        return [
            Measurement(
                name: "\(name)/read-object-p50", value: objects.0, unit: "us", baseline: objects.1, goal: .atMost(1.1)),
            Measurement(
                name: "\(name)/parse-config-p50", value: configs.0, unit: "us", baseline: configs.1, goal: .atMost(1.1)),
        ]
    }

    /// Returns the medians of both in microseconds.
    private func alternately(_ bounded: () throws -> Void, and free: () throws -> Void) throws -> (Double, Double) {
        var times: ([Double], [Double]) = ([], [])
        for _ in 0..<Self.parseRounds {
            times.0.append(try Self.microseconds(bounded))
            times.1.append(try Self.microseconds(free))
        }
        return (times.0.percentile(0.5), times.1.percentile(0.5))
    }

    private static func microseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .microseconds(1)
    }

    // MARK: Plugins

    /// A line of `plugins.yaml`.
    private static func entry(_ type: String) -> String {
        let setting = type == free ? ", confined: false" : ""
        return "  \(type): {argv: [\(BenchHost.built("misbehaving-plugin")), --type, \(type)]\(setting)}"
    }

    private func read(_ type: String, _ host: PluginHost) async throws {
        _ = try await host.read(type: type, config: ["value": 42.5], targetType: .value, timeout: .seconds(10))
    }

    private func process(_ name: String, _ host: PluginHost) async throws -> Int32 {
        guard let process = await host.health().first(where: { $0.name == name })?.processID else {
            throw BenchError("the plugin \(name) is not up")
        }
        return process
    }
}

/// A GeneralScaler as the API server sends it.
private enum ObjectText {
    static let configValues = 2_000
    /// What the operator keeps of an object.
    static let fields = ObjectFields.all
    private static let managers = 4

    static func make() throws -> [UInt8] {
        var object = ScaleEnvironment.scaler(7, source: "http://prometheus:9090").objectValue ?? [:]
        var metadata = object["metadata"]?.objectValue ?? [:]
        let fields = object["spec"] ?? [:]
        metadata["managedFields"] = .array(
            (0..<managers).map { ["manager": .string("manager-\($0)"), "operation": "Update", "fieldsV1": fields] })
        object["metadata"] = .object(metadata)
        return Array(JSON.object(object).encoded())
    }
}
