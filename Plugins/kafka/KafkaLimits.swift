/// Every bound of the plugin.
enum KafkaLimits {
    /// Calls, and with them requests for the offsets of a group, at one time.
    static let maxInFlight = 64
    /// Clients of librdkafka, one for each cluster and identity. Each has a thread and a connection for each broker.
    static let maxClients = 16
    /// A client that was idle for longer is closed.
    static let maxIdleAge: Duration = .seconds(180)
    /// How long librdkafka takes a token as valid. The brokers decide; the host renews tokens long before.
    static let tokenLife: Duration = .seconds(86_400)
    /// Threads that wait for answers about topics.
    static let maxThreads = 32
    /// The timeout of one request about a topic.
    static let requestTimeout: Duration = .seconds(10)
    /// The timeout while no broker of the cluster can be reached, so that its calls do not take all slots.
    static let outageTimeout: Duration = .seconds(2)
    /// How long the partitions of a topic are used without a new request.
    static let topicAge: Duration = .seconds(30)
    /// Topics with known partitions, of one client.
    static let maxKnownTopics = 4_096
    static let maxBrokers = 32
    /// Topics and partitions of one config, and of one group.
    static let maxTopics = 256
    static let maxPartitions = 10_000
    /// Bytes of one answer.
    static let maxAnswerBytes = 8 << 20
    /// Partitions whose committed offset is kept for the next call.
    static let maxRememberedPartitions = 20_000
    static let maxPersistentLagSeconds = 86_400.0
    /// Partitions that a message names.
    static let maxNamedPartitions = 5
}
