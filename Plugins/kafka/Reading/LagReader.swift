import PluginSDK

/// Reads the offsets of a group from a cluster.
struct LagReader {
    let client: KafkaClient
    let config: KafkaConfig
    let call: KafkaCall

    func offsets() async throws(KafkaFailure) -> [PartitionOffsets] {
        let (topics, allCommitted) = try await scope()
        var all: [PartitionOffsets] = []
        all.reserveCapacity(topics.reduce(0) { $0 + $1.numbers.count })
        for partitions in topics {
            let (topic, numbers) = (partitions.name, partitions.numbers)
            let committed = allCommitted[topic] ?? [:]
            // After the committed offsets, so that none is after the end.
            call.enter("the end offsets of topic \(topic) were requested")
            let ends = try await client.offsets(OffsetQuery(topic: topic, partitions: numbers, isEnd: true), call)
            guard ends.count == numbers.count else { throw Self.incomplete(topic) }
            let open = zip(numbers, ends).filter { number, end in committed[number].map { $0 > end } ?? true }.map(\.0)
            var beginnings: [Int32: Int64] = [:]
            if !open.isEmpty {
                call.enter("the first offsets of topic \(topic) were requested")
                let offsets = try await client.offsets(
                    OffsetQuery(topic: topic, partitions: open, isEnd: false), call)
                guard offsets.count == open.count else { throw Self.incomplete(topic) }
                beginnings = Dictionary(uniqueKeysWithValues: zip(open, offsets))
            }
            for (number, end) in zip(numbers, ends) {
                all.append(
                    PartitionOffsets(
                        partition: TopicPartition(topic: topic, number: number), committed: committed[number], end: end,
                        beginning: beginnings[number]))
            }
        }
        return all
    }

    private static func incomplete(_ topic: String) -> KafkaFailure {
        KafkaFailure(
            .sourceUnreachable, "the cluster did not return all offsets of topic \(topic). The next poll retries")
    }

    private typealias Scope = (topics: [TopicPartitions], committed: CommittedOffsets)

    /// Returns the partitions that count, and their committed offsets.
    private func scope() async throws(KafkaFailure) -> Scope {
        if let topics = config.topics {
            let partitions = try await partitions(of: topics)
            return (partitions, try await committed(of: partitions))
        }
        let committed = try await committed(of: nil)
        let topics = committed.keys.sorted()
        guard !topics.isEmpty else {
            throw KafkaFailure(
                .noData,
                "group \(config.group) has no committed offsets. Check group, or name the topics in topics",
                path: "group")
        }
        guard topics.count <= KafkaLimits.maxTopics else {
            throw KafkaFailure(
                .configInvalid,
                "group \(config.group) has committed offsets of \(topics.count) topics; at most "
                    + "\(KafkaLimits.maxTopics) are supported: name them in topics", path: "topics")
        }
        return (try await partitions(of: topics), committed)
    }

    private func committed(of topics: [TopicPartitions]?) async throws(KafkaFailure) -> CommittedOffsets {
        call.enter("the committed offsets of group \(config.group) were requested")
        return try await client.committed(by: config.group, of: topics, call)
    }

    private func partitions(of topics: [String]) async throws(KafkaFailure) -> [TopicPartitions] {
        var found: [TopicPartitions] = []
        for topic in topics {
            call.enter("the partitions of topic \(topic) were requested")
            let numbers = try await client.partitions(of: topic, call)
            guard let wanted = config.partitions else {
                found.append(TopicPartitions(name: topic, numbers: numbers))
                continue
            }
            if let missing = wanted.first(where: { !numbers.contains(Int32(clamping: $0)) }) {
                throw KafkaFailure(
                    .notFound,
                    "topic \(topic) has no partition \(missing); it has \(numbers.count). Correct partitions",
                    path: "partitions")
            }
            found.append(TopicPartitions(name: topic, numbers: wanted.map { Int32(clamping: $0) }.sorted()))
        }
        guard found.reduce(0, { $0 + $1.numbers.count }) <= KafkaLimits.maxPartitions else {
            throw KafkaFailure(
                .configInvalid,
                "the topics have more than \(KafkaLimits.maxPartitions) partitions: name fewer in topics",
                path: "topics")
        }
        return found
    }
}
