import FoundationEssentials
import Glibc

/// The reaction time to a growing Redis list between two polls, with keyspace notifications and pushed readings.
struct PushBenchmark: Benchmark {
    let name = "push"

    private static let lists = 50
    /// The initial elements, which need no further replica, and the added ones.
    private static let resting = 15
    private static let added = 60
    private static let patience: Duration = .seconds(60)

    func run() async throws -> [Measurement] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "bench-push-\(getpid())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let port = "\(20_000 + getpid() % 10_000)"
        let (server, log) = try SourceBenchmarks.serve(
            [
                "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--notify-keyspace-events", "Klg",
            ], until: "eady to accept connections")
        defer { SourceBenchmarks.end(server, log) }
        let redis = try LineProcess(["redis-cli", "-p", port])
        func push(_ count: Int, to index: Int) throws {
            try redis.send("RPUSH \(ScaleEnvironment.name(index))" + String(repeating: " job", count: count))
            _ = try redis.receive()
        }
        for index in 0..<Self.lists { try push(Self.resting, to: index) }

        let cluster = try Cluster(kubeconfig: "\(directory)/kubeconfig")
        try cluster.create(Self.lists, source: "127.0.0.1:\(port)")
        let scaler = try OperatorProcess(directory: directory, kubeconfig: "\(directory)/kubeconfig")
        defer { scaler.stop() }
        // By then each scaler has been polled, and each subscription is established.
        sleep(UInt32(ScaleEnvironment.pollSeconds))
        _ = try cluster.take()
        var grown: [String: Int64] = [:]
        for index in 0..<Self.lists {
            grown[ScaleEnvironment.name(index)] = WallClock.microseconds()
            try push(Self.added, to: index)
            usleep(100_000)
        }
        var patched: [String: Double] = [:]
        let start = ContinuousClock.now
        while patched.count < Self.lists {
            guard ContinuousClock.now - start < Self.patience else {
                throw BenchError("\(patched.count) of \(Self.lists) scalers followed their list")
            }
            for request in try cluster.take() where request.resource == "deployments/scale" && request.status == 200 {
                guard let time = grown[request.name], patched[request.name] == nil else { continue }
                patched[request.name] = Double(request.microseconds - time) / 1e3
            }
            usleep(100_000)
        }
        let times = Array(patched.values)
        return [
            Measurement(name: "\(name)/list-to-patch-p50", value: times.percentile(0.5), unit: "ms"),
            Measurement(
                name: "\(name)/list-to-patch-p99", value: times.percentile(0.99), unit: "ms", goal: .atMost(400)),
        ]
    }
}
