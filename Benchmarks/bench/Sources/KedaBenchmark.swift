import FoundationEssentials
import Glibc

/// 1,000 scaled objects of one external scaler, which is simulated in Python, and how soon a message of its streams is a patch.
struct KedaBenchmark: Benchmark {
    let name = "keda"

    private static let maxInFlight = 48
    /// The polling interval for the reported share of a core.
    private static let pollSeconds = 5.0
    /// The memory that the scaled objects may take above an idle plugin, in MiB.
    private static let memoryGoal = 20.0
    private static let latencyGoal = 20.0
    private static let streams = 50
    /// A length of the queue that needs no further replica, with the target of 5 that a queue has, and one that does.
    private static let (resting, risen) = (10, 40)
    private static let patience: Duration = .seconds(60)

    func run() async throws -> [Measurement] { try load() + patches() }

    private func load() throws -> [Measurement] {
        let scaler = try ExternalScalerProcess()
        let load = try PluginLoad(type: "keda-external", plugin: "keda", maxInFlight: Self.maxInFlight)
        let idle = ProcessTimes.memory(of: load.plugin.processIdentifier).proportional
        let (seconds, memory) = try load.run { number in
            #"{"address":"\#(scaler.address)","name":"n\#(number)","namespace":"bench","metadata":{"queue":"q\#(number)"}}"#
        }
        return [
            Measurement(name: "\(name).idle plugin's memory", value: idle, unit: "MiB"),
            Measurement(
                name: "\(name).memory of 1,000 scaled objects above an idle plugin", value: memory, unit: "MiB",
                goal: .atMost(Self.memoryGoal)),
            Measurement(name: "\(name).CPU of a reading, of three requests", value: seconds * 1e6, unit: "us"),
            Measurement(
                name: "\(name).1,000 scaled objects every 5 s",
                value: 100 * seconds * Double(PluginLoad.scalers) / Self.pollSeconds, unit: "% of a core"),
        ]
    }

    private func patches() throws -> [Measurement] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "bench-keda-\(getpid())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let scaler = try ExternalScalerProcess()
        for index in 0..<Self.streams {
            try scaler.set(ScaleEnvironment.name(index), #"{"value": \#(Self.resting)}"#)
        }
        let cluster = try Cluster(kubeconfig: "\(directory)/kubeconfig")
        try cluster.create(Self.streams, source: ClusterProcess.externalScalerPrefix + scaler.address)
        let process = try OperatorProcess(directory: directory, kubeconfig: "\(directory)/kubeconfig")
        defer { process.stop() }
        // By then each scaler has been polled, and each stream is open.
        sleep(UInt32(ScaleEnvironment.pollSeconds))
        _ = try cluster.take()
        var told: [String: Int64] = [:]
        for index in 0..<Self.streams {
            let name = ScaleEnvironment.name(index)
            told[name] = try scaler.set(name, #"{"value": \#(Self.risen), "active": true}"#)
            usleep(100_000)
        }
        var patched: [String: Double] = [:]
        let start = ContinuousClock.now
        while patched.count < Self.streams {
            guard ContinuousClock.now - start < Self.patience else {
                throw BenchError("\(patched.count) of \(Self.streams) scalers followed their queue")
            }
            for request in try cluster.take() where request.resource == "deployments/scale" && request.status == 200 {
                guard let time = told[request.name], patched[request.name] == nil else { continue }
                patched[request.name] = Double(request.microseconds - time) / 1e3
            }
            usleep(100_000)
        }
        let times = Array(patched.values)
        return [
            Measurement(name: "\(name).StreamIsActive to patch, p50", value: times.percentile(0.5), unit: "ms"),
            Measurement(
                name: "\(name).StreamIsActive to patch, p99", value: times.percentile(0.99), unit: "ms",
                goal: .atMost(Self.latencyGoal)),
        ]
    }
}

/// An external scaler in Python, controlled through standard input. Ends with its input.
private final class ExternalScalerProcess {
    private let process: LineProcess
    let address: String

    init() throws {
        let checkout = Bench.checkout()
        process = try LineProcess([
            "\(checkout)/.build/python/bin/python", "\(checkout)/Tests/Fixtures/external_scaler.py", "--commands",
        ])
        let line = try process.receive()
        guard let port = line.split(separator: " ").last else { throw BenchError("the external scaler says: \(line)") }
        address = "127.0.0.1:\(port)"
    }

    /// Changes the state of a queue.
    ///
    /// - Returns: the time of the change in microseconds since 1970.
    @discardableResult
    func set(_ queue: String, _ state: String) throws -> Int64 {
        try process.send("\(queue) \(state)")
        // Lines about opened streams come between.
        while true {
            if let time = Int64(try process.receive()) { return time }
        }
    }
}
