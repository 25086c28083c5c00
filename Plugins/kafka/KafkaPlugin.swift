import PluginSDK
import SourceSupport

/// Reads the lag of a consumer group.
@main
struct KafkaPlugin: MetricPlugin {
    typealias Config = KafkaConfig

    static let metricType = "kafka"
    static let description = "The lag of a Kafka consumer group: the number of messages after its committed offsets."
    static let version = SourceVersion.current
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = KafkaLimits.maxInFlight

    private let pool: ClientPool
    private let overdue = OverdueCalls()
    private let memory = CommitMemory()
    private let files: any FileReader
    private let now: @Sendable () -> ContinuousClock.Instant

    init() {
        self.init(files: SystemFileReader())
    }

    init(
        files: any FileReader, maxIdleAge: Duration = KafkaLimits.maxIdleAge,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.files = files
        self.now = now
        pool = ClientPool(maxIdleAge: maxIdleAge)
    }

    var clientCount: Int { pool.count }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        // Certificates may be files.
        let cluster = try config.cluster.value(isConstant: config.tls == nil) { () throws(PluginError) in
            try KafkaCluster(config, files: files)
        }
        let call = KafkaCall(timeLeft: request.timeLeft, until: request.deadline, on: cluster)
        overdue.add(call)
        defer { overdue.remove(call) }
        return try await reading(of: config, cluster, call)
    }

    private func reading(
        of config: Config, _ cluster: KafkaCluster, _ call: KafkaCall
    ) async throws(PluginError) -> MetricReading {
        do throws(KafkaFailure) {
            return try await pool.use(cluster) { client throws(KafkaFailure) in
                call.connect(by: client.events)
                do throws(KafkaFailure) {
                    let offsets = try await LagReader(client: client, config: config, call: call).offsets()
                    return try reading(of: offsets, config)
                } catch {
                    guard error.isSilence else { throw error }
                    if let reason = client.events.failure { throw reason }
                    throw ContinuousClock.now < call.deadline ? error : KafkaFailure(call.overdue)
                }
            }
        } catch {
            throw error.error
        }
    }

    private func reading(of offsets: [PartitionOffsets], _ config: Config) throws(KafkaFailure) -> MetricReading {
        let lag = try GroupLag(offsets, policy: config.withoutCommit, group: config.group)
        guard let seconds = config.persistentLagSeconds else {
            return lag.reading(isLimited: config.limitToPartitions)
        }
        let persistent = memory.persistent(
            offsets, lag, cluster: config.brokers.sorted().joined(separator: ","), group: config.group,
            age: .seconds(seconds), now: now())
        return lag.reading(persistent: persistent, isLimited: config.limitToPartitions)
    }
}
