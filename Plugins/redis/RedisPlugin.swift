import HTTPTransport
import PluginSDK
import SourceSupport

/// Reads lengths and numbers from Redis or another server with its protocol.
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
        // Before the first of the worker threads, which use it for connections.
        HTTPLibrary.initialize()
        self.init(files: SystemFileReader())
    }

    init(files: any FileReader) {
        self.files = files
    }

    /// The number of idle connections.
    var idleConnections: Int { pool.idleCount }

    /// The number of servers with keyspace listeners.
    var listeners: Int { events.listenerCount }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let measurement = try measurement(request.config)
        let deployment = try Deployment(request.config, files: files)
        return try await withSession(timeLeft: request.timeLeft) { session throws(PluginError) in
            try read(measurement, deployment, session)
        }
    }

    /// Subscribes to the readings that a server's keyspace notifications cause.
    func readings(for request: MetricSubscription<Config>) async throws -> PushedReadings {
        let measurement = try measurement(request.config)
        guard let watched = measurement.watched else {
            throw PluginError(.cannotSubscribe, "Redis does not report changes of a script's result: it is only polled")
        }
        guard case .standalone(let server) = try Deployment(request.config, files: files) else {
            throw PluginError(
                .cannotSubscribe, "changes are not reported with Sentinels and in clusters: it is only polled")
        }
        try await withSession(timeLeft: request.timeLeft) { session throws(PluginError) in
            try events.check(server, tells: watched.type, session)
        }
        let changes = try events.changes(of: watched.keys, at: server)
        for try await _ in changes {
            // The first element shows that the server has confirmed the subscription.
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
            throw PluginError(.configInvalid, "the config has no measurement")
        }
        return measurement
    }

    /// Runs the body on a thread that it may block. Cancelling the task interrupts it.
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

    /// Reads a metric. Blocks its thread.
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
