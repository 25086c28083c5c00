import PluginSDK

/// Reads the offsets of a group from a cluster.
struct LagReader {
    let client: KafkaClient
    let config: KafkaConfig
    let call: KafkaCall

    func offsets() async throws(KafkaFailure) -> [PartitionOffsets] {
        let (partitions, committed) = try await scope()
        var all: [PartitionOffsets] = []
        for (topic, numbers) in partitions {
            // After the committed offsets, so that none is after the end.
            call.enter("the end offsets of topic \(topic) were requested")
            let ends = try await client.offsets(
                OffsetQuery(topic: topic, partitions: numbers, isEnd: true), until: call.deadline)
            guard ends.count == numbers.count else { throw Self.incomplete(topic) }
            func commit(_ number: Int32) -> Int64? { committed[TopicPartition(topic: topic, number: number)] }
            let open = zip(numbers, ends).filter { number, end in commit(number).map { $0 > end } ?? true }.map(\.0)
            var beginnings: [Int32: Int64] = [:]
            if !open.isEmpty {
                call.enter("the first offsets of topic \(topic) were requested")
                let offsets = try await client.offsets(
                    OffsetQuery(topic: topic, partitions: open, isEnd: false), until: call.deadline)
                guard offsets.count == open.count else { throw Self.incomplete(topic) }
                beginnings = Dictionary(uniqueKeysWithValues: zip(open, offsets))
            }
            for (number, end) in zip(numbers, ends) {
                all.append(
                    PartitionOffsets(
                        partition: TopicPartition(topic: topic, number: number), committed: commit(number), end: end,
                        beginning: beginnings[number]))
            }
        }
        return all
    }

    private static func incomplete(_ topic: String) -> KafkaFailure {
        KafkaFailure(
            .sourceUnreachable, "the cluster did not return all offsets of topic \(topic). The next poll retries")
    }

    private typealias Scope = (partitions: [(String, [Int32])], committed: [TopicPartition: Int64])

    /// Returns the partitions that count, and their committed offsets.
    private func scope() async throws(KafkaFailure) -> Scope {
        if let topics = config.topics {
            let partitions = try await partitions(of: topics)
            let wanted = partitions.flatMap { topic, numbers in
                numbers.map { TopicPartition(topic: topic, number: $0) }
            }
            return (partitions, try await committed(of: wanted))
        }
        let committed = try await committed(of: nil)
        let topics = Set(committed.keys.map(\.topic)).sorted()
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

    private func committed(of partitions: [TopicPartition]?) async throws(KafkaFailure) -> [TopicPartition: Int64] {
        call.enter("the committed offsets of group \(config.group) were requested")
        return try await client.committed(by: config.group, of: partitions, until: call.deadline)
    }

    private func partitions(of topics: [String]) async throws(KafkaFailure) -> [(String, [Int32])] {
        var found: [(String, [Int32])] = []
        for topic in topics {
            call.enter("the partitions of topic \(topic) were requested")
            let numbers = try await client.partitions(of: topic, until: call.deadline)
            guard let wanted = config.partitions else {
                found.append((topic, numbers))
                continue
            }
            if let missing = wanted.first(where: { !numbers.contains(Int32(clamping: $0)) }) {
                throw KafkaFailure(
                    .notFound,
                    "topic \(topic) has no partition \(missing); it has \(numbers.count). Correct partitions",
                    path: "partitions")
            }
            found.append((topic, wanted.map { Int32(clamping: $0) }.sorted()))
        }
        guard found.reduce(0, { $0 + $1.1.count }) <= KafkaLimits.maxPartitions else {
            throw KafkaFailure(
                .configInvalid,
                "the topics have more than \(KafkaLimits.maxPartitions) partitions: name fewer in topics",
                path: "topics")
        }
        return found
    }
}
