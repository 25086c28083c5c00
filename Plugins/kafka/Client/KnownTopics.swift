import Synchronization

/// The partitions of topics, for a while.
final class KnownTopics: Sendable {
    private let topics = Mutex<[String: (partitions: [Int32], since: ContinuousClock.Instant)]>([:])

    subscript(topic: String) -> [Int32]? {
        get {
            topics.withLock { topics in
                topics[topic].flatMap { $0.since + KafkaLimits.topicAge > .now ? $0.partitions : nil }
            }
        }
        set {
            topics.withLock { topics in
                if topics.count >= KafkaLimits.maxKnownTopics { topics.removeAll() }
                topics[topic] = newValue.map { ($0, .now) }
            }
        }
    }
}
