import SourceSupport
import Synchronization

/// When committed offsets moved last, for partitions with lag.
final class CommitMemory: Sendable {
    struct Key: Hashable {
        let cluster: String
        let group: String
        let partition: TopicPartition
    }

    private struct Mark {
        let committed: Int64?
        let since: ContinuousClock.Instant
        var lastSeen: ContinuousClock.Instant
    }

    private let marks = Mutex<[Key: Mark]>([:])

    var count: Int { marks.withLock(\.count) }

    /// Records what a call saw, and returns the partitions with lag whose committed offset has not moved for so long.
    ///
    /// - Parameter now: The time, by one clock for all calls.
    func persistent(
        _ all: [PartitionOffsets], _ lag: GroupLag, cluster: String, group: String, age: Duration,
        now: ContinuousClock.Instant
    ) -> Set<TopicPartition> {
        marks.withLock { marks in
            var found: Set<TopicPartition> = []
            for offsets in all {
                let key = Key(cluster: cluster, group: group, partition: offsets.partition)
                guard lag.lags[offsets.partition] ?? 0 > 0 else {
                    marks[key] = nil
                    continue
                }
                if let mark = marks[key], mark.committed == offsets.committed {
                    marks[key]?.lastSeen = now
                    if now - mark.since >= age { found.insert(offsets.partition) }
                } else {
                    if marks[key] == nil { Self.makeRoom(&marks) }
                    marks[key] = Mark(committed: offsets.committed, since: now, lastSeen: now)
                }
            }
            return found
        }
    }

    /// Forgets the half that was not seen for the longest time. A partition that is forgotten counts in full.
    private static func makeRoom(_ marks: inout [Key: Mark]) {
        guard marks.count >= KafkaLimits.maxRememberedPartitions else { return }
        let newest = marks.sorted { $0.value.lastSeen > $1.value.lastSeen }.prefix(marks.count / 2)
        marks = Dictionary(uniqueKeysWithValues: newest.map { ($0.key, $0.value) })
    }
}
