import PluginSDK

/// The offsets of a partition.
struct PartitionOffsets: Equatable {
    let partition: TopicPartition
    let committed: Int64?
    let end: Int64
    /// Nil if it was not asked for, as for a partition with a committed offset.
    let beginning: Int64?

    /// The messages after the committed offset; nil if there is none, or one after the end, such as of a topic that was
    /// deleted and created again.
    fileprivate var lagOfCommit: Int64? {
        guard let committed, 0...end ~= committed else { return nil }
        return end - committed
    }
}

/// The lag of a group, by partition.
struct GroupLag: Equatable {
    private(set) var lags: [TopicPartition: Int64] = [:]

    /// - Throws: `no_data`, for a partition with messages and without a commit, unless the config says what it counts.
    init(_ all: [PartitionOffsets], policy: CommitPolicy, group: String) throws(KafkaFailure) {
        var unknown: [TopicPartition] = []
        lags.reserveCapacity(all.count)
        for offsets in all {
            if let lag = offsets.lagOfCommit {
                lags[offsets.partition] = lag
                continue
            }
            let messages = max(0, offsets.end - (offsets.beginning ?? 0))
            switch policy {
            case .latest: lags[offsets.partition] = 0
            case .earliest: lags[offsets.partition] = messages
            case .noData where messages == 0: lags[offsets.partition] = 0
            case .noData: unknown.append(offsets.partition)
            }
        }
        if policy == .noData, !all.isEmpty, all.allSatisfy({ $0.lagOfCommit == nil }) {
            throw KafkaFailure(
                .noData,
                "group \(group) has no committed offset of any partition. Check group, or set withoutCommit to what "
                    + "the consumers' auto.offset.reset is", path: "withoutCommit")
        }
        guard unknown.isEmpty else {
            let names = unknown.sorted { ($0.topic, $0.number) < ($1.topic, $1.number) }
                .prefix(KafkaLimits.maxNamedPartitions).map { "\($0.topic)/\($0.number)" }.joined(separator: ", ")
            throw KafkaFailure(
                .noData,
                "group \(group) has no committed offset of \(unknown.count) partitions with messages: \(names)"
                    + (unknown.count > KafkaLimits.maxNamedPartitions ? " and others" : "")
                    + ". Set withoutCommit to what the consumers' auto.offset.reset is", path: "withoutCommit")
        }
    }

    /// The partitions with lag.
    var laggingPartitions: Int { lags.values.count { $0 > 0 } }

    /// Returns the reading.
    ///
    /// - Parameters:
    ///   - persistent: Partitions that count as 1, however many messages they have.
    ///   - isLimited: Whether there is work for as many replicas as there are partitions with lag.
    func reading(persistent: Set<TopicPartition> = [], isLimited: Bool = false) -> MetricReading {
        var sum = 0.0
        for (partition, lag) in lags { sum += Double(persistent.contains(partition) ? min(lag, 1) : lag) }
        var detail = "\(laggingPartitions) of \(lags.count) partitions have lag"
        if !persistent.isEmpty { detail += "; \(persistent.count) without progress count as 1 each" }
        let useful = isLimited && laggingPartitions > 0 ? laggingPartitions : nil
        return MetricReading(sum, unit: "messages", detail: detail, usefulReplicas: useful)
    }
}
