import HTTPTransport
import PluginSDK
import SourceSupport

struct KafkaConfig: MetricConfig {
    // MARK: Where

    @Field(
        """
        Bootstrap brokers, such as `kafka.shop:9092`; the default port is 9092. They return the other brokers of the \
        cluster.
        """,
        isAddress: true)
    var brokers: [String]

    @Field(
        "TLS: how to verify the brokers, and the client's certificate. `{}` is TLS with the system's authorities.")
    var tls: TLSConfig?

    @Field("How the client authenticates, in addition to a certificate in `tls`.")
    var sasl: SASLConfig?

    // MARK: What

    @Field("The consumer group.")
    var group: String

    @Field("The topics. Default: all topics for which the group has committed offsets.")
    var topics: [String]?

    @Field("Only these partitions; requires exactly one topic.")
    var partitions: [Int]?

    @Field(
        """
        The lag of a partition with messages but no committed offset; use the value of the consumers' \
        `auto.offset.reset`. `earliest`: all its messages; `latest`: 0; `noData`: the metric has no value.
        """)
    var withoutCommit = CommitPolicy.noData

    @Field(
        """
        Seconds without a new commit after which a partition with lag counts as 1, for example because the consumers \
        cannot process a message. Must be longer than the workload takes to start. Default: never.
        """,
        minimum: 1, maximum: KafkaLimits.maxPersistentLagSeconds)
    var persistentLagSeconds: Int?

    @Field(
        """
        Whether the metric asks for no more replicas than there are partitions with lag: further consumers would have \
        nothing to read.
        """)
    var limitToPartitions = false

    let cluster = KeptValue<KafkaCluster>()

    func validate() -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        if !(1...KafkaLimits.maxBrokers ~= brokers.count) {
            add("brokers", "must name from 1 to \(KafkaLimits.maxBrokers) brokers")
        }
        for (index, broker) in brokers.enumerated() where KafkaCluster.place(broker) == nil {
            add(
                "brokers[\(index)]",
                "must be host:port, such as kafka.shop:9092, with a port from 1 to 65535; set TLS in tls")
        }
        if tls?.serverName != nil {
            add(
                "tls.serverName",
                "is not supported: each broker is verified by the name that it is reached by; remove it")
        }
        if group.utf8.contains(0) { add("group", "must not contain a NUL character") }
        problems += topicProblems
        return problems
    }

    private var topicProblems: [ConfigProblem] {
        var problems: [ConfigProblem] = []
        func add(_ path: String, _ message: String) { problems.append(ConfigProblem(path: path, message: message)) }

        if let topics {
            if !(1...KafkaLimits.maxTopics ~= topics.count) {
                add("topics", "must name from 1 to \(KafkaLimits.maxTopics) topics; omit it for all of the group")
            }
            for (index, topic) in topics.enumerated() {
                if !Self.isTopic(topic) {
                    add("topics[\(index)]", "must have 1 to 249 letters, digits, dots, hyphens and underscores")
                }
                if topics.firstIndex(of: topic) != index { add("topics[\(index)]", "is listed twice; remove one") }
            }
        }
        if let partitions {
            if topics?.count != 1 { add("partitions", "requires exactly one topic in topics") }
            if !(1...KafkaLimits.maxPartitions ~= partitions.count) {
                add("partitions", "must have from 1 to \(KafkaLimits.maxPartitions) numbers; omit it for all")
            }
            if Set(partitions).count != partitions.count { add("partitions", "has a number twice; remove one") }
            if !partitions.allSatisfy({ 0...Int(Int32.max) ~= $0 }) { add("partitions", "must be numbers from 0") }
        }
        return problems
    }

    /// Source: org.apache.kafka.common.internals.Topic
    private static func isTopic(_ name: String) -> Bool {
        1...249 ~= name.utf8.count && name != "." && name != ".."
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
    }
}

/// How much a partition without a committed offset counts.
enum CommitPolicy: String, CaseIterable, ConfigValue {
    case noData
    case earliest
    case latest
}
