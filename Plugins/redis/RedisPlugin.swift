import PluginSDK
import SourceSupport

/// Reads lengths and numbers from Redis, or from anything that speaks its protocol.
@main
struct RedisPlugin: MetricPlugin {
    typealias Config = RedisConfig

    static let metricType = "redis"
    static let description = "How much there is in a list, stream, set, sorted set or hash of Redis, or a number in it."
    static let version = "0.1.0"
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = RedisLimits.maxInFlight

    private let threads = WorkerThreads(limit: RedisLimits.maxInFlight)
    private let pool = ConnectionPool()
    private let masters = MasterDirectory()
    private let clusters = ClusterMap()
    private let files: any FileReader

    init() {
        self.init(files: SystemFileReader())
    }

    init(files: any FileReader) {
        self.files = files
    }

    /// How many connections are kept for the next calls.
    var idleConnections: Int { pool.idleCount }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        guard let measurement = Measurement(request.config) else {
            throw PluginError(.configInvalid, "the config names nothing to measure")
        }
        let deployment = try Deployment(request.config, files: files)
        let interruption = Interruption()
        let session = RedisSession(
            pool: pool, deadline: .now + CallDeadline.usable(request.timeLeft), interruption: interruption)
        return try await withTaskCancellationHandler {
            await threads.run { () -> Result<MetricReading, PluginError> in
                do throws(PluginError) {
                    return .success(try read(measurement, deployment, session))
                } catch {
                    return .failure(error)
                }
            }
        } onCancel: {
            interruption.interrupt()
        }.get()
    }

    /// Blocks its thread.
    private func read(
        _ measurement: Measurement, _ deployment: Deployment, _ session: RedisSession
    ) throws(PluginError) -> MetricReading {
        switch deployment {
        case .standalone(let server):
            try MeasurementReader(runner: StandaloneRunner(session: session, server: server)).reading(of: measurement)
        case .sentinel(let set):
            try MeasurementReader(runner: SentinelRunner(session: session, masters: masters, set: set))
                .reading(of: measurement)
        case .cluster(let seed):
            try MeasurementReader(runner: ClusterRunner(session: session, map: clusters, seed: seed))
                .reading(of: measurement)
        }
    }
}
