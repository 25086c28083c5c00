import CKafka
import Glibc
import HTTPTransport
import PluginSDK
import SourceSupport
import Synchronization

/// A client of librdkafka: its threads and its connections to one cluster.
///
/// Unchecked: the handles are only passed to functions of librdkafka, which are safe to call from any thread, until
/// `deinit` frees them.
final class KafkaClient: @unchecked Sendable {
    let cluster: KafkaCluster
    let events: ClientEvents
    private let handle: OpaquePointer
    /// The queue from which a thread of librdkafka takes answers and errors.
    private let queue: OpaquePointer
    private let threads: WorkerThreads
    private let topics = KnownTopics()
    private let topicLookups: SharedLookups<String, [Int32]>
    private let offsetLookups: SharedLookups<OffsetQuery, [Int64]>

    /// - Throws: `config_invalid` for certificates that librdkafka does not accept.
    init(_ cluster: KafkaCluster, threads: WorkerThreads) throws(KafkaFailure) {
        self.cluster = cluster
        self.threads = threads
        topicLookups = SharedLookups(threads)
        offsetLookups = SharedLookups(threads)
        events = ClientEvents(cluster)
        var message = [CChar](repeating: 0, count: Self.messageBytes)
        let settings = rd_kafka_conf_new()
        for (name, value) in ClientSettings(cluster).pairs
        where rd_kafka_conf_set(settings, name, value, &message, message.count) != RD_KAFKA_CONF_OK {
            rd_kafka_conf_destroy(settings)
            throw Self.invalid(message)
        }
        // Retained by this object until after the handle is destroyed, which ends every callback.
        rd_kafka_conf_set_opaque(settings, Unmanaged.passUnretained(events).toOpaque())
        Self.setCallbacks(settings)
        if cluster.tls?.skipsVerification == false { Self.setVerification(settings) }
        guard let handle = rd_kafka_new(RD_KAFKA_CONSUMER, settings, &message, message.count) else {
            rd_kafka_conf_destroy(settings)
            throw Self.invalid(message)
        }
        self.handle = handle
        queue = rd_kafka_queue_get_background(handle)
        let main = rd_kafka_queue_get_main(handle)
        rd_kafka_queue_forward(main, queue)
        rd_kafka_queue_destroy(main)
        if case .bearer(let token) = cluster.identity { setToken(token) }
    }

    /// Sets the token that every login of this client uses.
    private func setToken(_ token: Secret) {
        var message = [CChar](repeating: 0, count: Self.messageBytes)
        let end = (Int64(time(nil)) + KafkaLimits.tokenLife.components.seconds) * 1_000
        let code = rd_kafka_oauthbearer_set_token(
            handle, token.reveal(), end, "generalscaler", nil, 0, &message, message.count)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            rd_kafka_oauthbearer_set_token_failure(handle, "librdkafka does not accept the token")
        }
    }

    /// Waits for librdkafka's threads to end, on a separate thread.
    deinit {
        let (handle, queue) = (UInt(bitPattern: handle), UInt(bitPattern: queue))
        threads.start { [events] in
            rd_kafka_queue_destroy(OpaquePointer(bitPattern: queue))
            rd_kafka_destroy_flags(OpaquePointer(bitPattern: handle), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
            withExtendedLifetime(events) {}
        }
    }

    private static let messageBytes = 512

    private static func invalid(_ message: [CChar]) -> KafkaFailure {
        let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return KafkaFailure(.configInvalid, "librdkafka refuses the config: \(Quoting.shortened(text))", path: "tls")
    }
}

// MARK: Requests

extension KafkaClient {
    /// Returns the numbers of a topic's partitions.
    func partitions(of topic: String, _ call: KafkaCall) async throws(KafkaFailure) -> [Int32] {
        if let known = topics[topic] { return known }
        return try await topicLookups.value(for: topic, call) { [self] timeLeft in
            if let known = topics[topic] { return .success(known) }
            return answer(to: timeLeft) { milliseconds in requestPartitions(of: topic, milliseconds) }
        }
    }

    /// Returns the offsets of the end, or the beginning, of partitions, in their order.
    func offsets(_ query: OffsetQuery, _ call: KafkaCall) async throws(KafkaFailure) -> [Int64] {
        try await offsetLookups.value(for: query, call) { [self] timeLeft in
            answer(to: timeLeft) { milliseconds in requestOffsets(query, milliseconds) }
        }
    }

    /// Returns a group's committed offsets, of these partitions or of all with one.
    func committed(
        by group: String, of topics: [TopicPartitions]?, _ call: KafkaCall
    ) async throws(KafkaFailure) -> CommittedOffsets {
        let timeout = milliseconds(max(.milliseconds(1), call.deadline - .now))
        let offsets = try await call.answer { promise in
            requestCommitted(by: group, of: topics, timeout, GroupAnswer(group, self, promise))
        }
        events.clear()
        return offsets
    }

    /// Runs a request that blocks its thread, for a part of the time.
    private func answer<Value>(
        to timeLeft: Duration, _ request: (Int32) -> Result<Value, KafkaFailure>
    ) -> Result<Value, KafkaFailure> {
        let result = request(milliseconds(timeLeft))
        if case .success = result { events.clear() }
        return result
    }

    private func milliseconds(_ timeLeft: Duration) -> Int32 {
        let bound = events.isDown ? KafkaLimits.outageTimeout : KafkaLimits.requestTimeout
        return Int32(clamping: max(1, Int64(min(timeLeft, bound) / .milliseconds(1))))
    }

    private func requestPartitions(of topic: String, _ timeout: Int32) -> Result<[Int32], KafkaFailure> {
        guard let local = rd_kafka_topic_new(handle, topic, nil) else {
            return .failure(KafkaFailure(rd_kafka_last_error(), "topic \(topic)"))
        }
        defer { rd_kafka_topic_destroy(local) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(handle, 0, local, &metadata, timeout)
        defer { if let metadata { rd_kafka_metadata_destroy(metadata) } }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            return .failure(KafkaFailure(code, "topic \(topic)"))
        }
        guard metadata.pointee.topic_cnt == 1, let found = metadata.pointee.topics?.pointee else {
            return .failure(
                KafkaFailure(.sourceUnreachable, "the cluster returned no partitions of topic \(topic)"))
        }
        guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .failure(KafkaFailure(found.err, "topic \(topic)"))
        }
        let all = UnsafeBufferPointer(start: found.partitions, count: Int(found.partition_cnt))
        guard 1...KafkaLimits.maxPartitions ~= all.count else {
            return .failure(
                KafkaFailure(
                    .configInvalid,
                    "topic \(topic) has \(all.count) partitions; from 1 to \(KafkaLimits.maxPartitions) are supported",
                    path: "topics"))
        }
        let numbers = all.map(\.id).sorted()
        // Kept only if every partition has a leader: otherwise the next call asks again.
        if all.allSatisfy({ $0.leader >= 0 }) { topics[topic] = numbers }
        return .success(numbers)
    }

    private func requestOffsets(_ query: OffsetQuery, _ timeout: Int32) -> Result<[Int64], KafkaFailure> {
        let list = rd_kafka_topic_partition_list_new(Int32(query.partitions.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        let position = query.isEnd ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_BEGINNING
        query.topic.withCString { topic in
            for partition in query.partitions {
                rd_kafka_topic_partition_list_add(list, topic, partition)?.pointee.offset = Int64(position)
            }
        }
        let code = rd_kafka_offsets_for_times(handle, list, timeout)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            topics[query.topic] = nil
            return .failure(KafkaFailure(code, "the offsets of topic \(query.topic)"))
        }
        var offsets: [Int32: Int64] = [:]
        for element in UnsafeBufferPointer(start: list?.pointee.elems, count: Int(list?.pointee.cnt ?? 0)) {
            guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR, element.offset >= 0 else {
                topics[query.topic] = nil
                return .failure(
                    KafkaFailure(element.err, "the offset of partition \(element.partition) of topic \(query.topic)"))
            }
            offsets[element.partition] = element.offset
        }
        return .success(query.partitions.compactMap { offsets[$0] })
    }

    /// - Parameter answer: called with the outcome, on a thread of librdkafka.
    private func requestCommitted(
        by group: String, of topics: [TopicPartitions]?, _ timeout: Int32, _ answer: GroupAnswer
    ) {
        var list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
        if let topics {
            list = rd_kafka_topic_partition_list_new(Int32(topics.reduce(0) { $0 + $1.numbers.count }))
            for topic in topics {
                topic.name.withCString { name in
                    for number in topic.numbers { rd_kafka_topic_partition_list_add(list, name, number) }
                }
            }
        }
        defer { if let list { rd_kafka_topic_partition_list_destroy(list) } }
        var request = rd_kafka_ListConsumerGroupOffsets_new(group, list)
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        let options = rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS)
        defer { rd_kafka_AdminOptions_destroy(options) }
        var message = [CChar](repeating: 0, count: Self.messageBytes)
        rd_kafka_AdminOptions_set_request_timeout(options, timeout, &message, message.count)
        // The callback takes ownership; librdkafka reports every request's end.
        rd_kafka_AdminOptions_set_opaque(options, Unmanaged.passRetained(answer).toOpaque())
        rd_kafka_ListConsumerGroupOffsets(handle, &request, 1, options, queue)
    }
}

/// Partitions of a topic.
struct TopicPartitions: Sendable {
    let name: String
    let numbers: [Int32]
}

/// Committed offsets by topic and partition.
typealias CommittedOffsets = [String: [Int32: Int64]]

/// A partition of a topic.
struct TopicPartition: Hashable, Sendable {
    let topic: String
    let number: Int32
}

/// The offsets that are asked for.
struct OffsetQuery: Hashable, Sendable {
    let topic: String
    let partitions: [Int32]
    /// The end of the log, or its beginning.
    let isEnd: Bool
}
