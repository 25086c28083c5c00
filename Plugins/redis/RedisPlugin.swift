import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads lengths and numbers from Redis, or from anything that speaks its protocol.
@main
struct RedisPlugin: PushMetricPlugin {
    typealias Config = RedisConfig

    static let metricType = "redis"
    static let description = "The size of a Redis list, stream, set, sorted set or hash, or a number stored in Redis."
    static let version = SourceVersion.current
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = RedisLimits.maxInFlight

    private let threads = WorkerThreads(limit: RedisLimits.maxInFlight)
    private let pool = ConnectionPool()
    private let masters = MasterDirectory()
    private let clusters = ClusterMap()
    private let events = KeyspaceEvents()
    private let files: any FileReader

    init() {
        // Before the first of the worker threads, which connect through it.
        HTTPLibrary.initialize()
        self.init(files: SystemFileReader())
    }

    init(files: any FileReader) {
        self.files = files
    }

    /// How many connections are kept for the next calls.
    var idleConnections: Int { pool.idleCount }

    /// Servers that are listened to for changes.
    var listeners: Int { events.listenerCount }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let measurement = try measurement(request.config)
        let deployment = try Deployment(request.config, files: files)
        return try await withSession(timeLeft: request.timeLeft) { session throws(PluginError) in
            try read(measurement, deployment, session)
        }
    }

    /// Returns what a server's keyspace notifications lead to.
    func readings(for request: MetricSubscription<Config>) async throws -> PushedReadings {
        let measurement = try measurement(request.config)
        guard let watched = measurement.watched else {
            throw PluginError(.cannotSubscribe, "Redis does not report changes of a script's result: it is polled only")
        }
        guard case .standalone(let server) = try Deployment(request.config, files: files) else {
            throw PluginError(
                .cannotSubscribe, "changes are not reported behind Sentinels and in clusters: it is polled only")
        }
        try await withSession(timeLeft: request.timeLeft) { session throws(PluginError) in
            try events.check(server, tells: watched.type, session)
        }
        let changes = try events.changes(of: watched.keys, at: server)
        for try await _ in changes {
            // The first tells that the server has agreed.
            let (config, targetType) = (request.config, request.targetType)
            return PushedReadings(changes: changes) {
                try await value(
                    for: MetricRequest(
                        config: config, targetType: targetType, deadline: .now + RedisLimits.pushedReadTime))
            }
        }
        throw CancellationError()
    }

    private func measurement(_ config: Config) throws(PluginError) -> Measurement {
        guard let measurement = Measurement(config) else {
            throw PluginError(.configInvalid, "the config names nothing to measure")
        }
        return measurement
    }

    /// Runs the body on a thread that it may block; cancelling the task ends what it waits for.
    private func withSession<Value: Sendable>(
        timeLeft: Duration, _ body: @escaping @Sendable (RedisSession) throws(PluginError) -> Value
    ) async throws -> Value {
        let interruption = Interruption()
        let session = RedisSession(
            pool: pool, deadline: .now + CallDeadline.usable(timeLeft), interruption: interruption)
        return try await withTaskCancellationHandler {
            await threads.run { () -> Result<Value, PluginError> in
                do throws(PluginError) {
                    return .success(try body(session))
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
