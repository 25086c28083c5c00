import CKafka
import Glibc

/// The limit for Kafka: a bare loop of librdkafka in a separate process that asks for the same groups, as many at a time,
/// and once for each batch of them where the topic ends.
enum KafkaLoop {
    static let flag = "--kafka-loop"
    private static let timeoutMilliseconds: Int32 = 10_000

    /// Returns the CPU seconds of one reading.
    static func secondsPerReading(_ address: String, rounds: Int) throws -> Double {
        let loop = try LineProcess(["/proc/self/exe", flag, address, "\(rounds)"])
        guard let result = Double(try loop.receive()) else { throw BenchError("the loop of librdkafka failed") }
        return result
    }

    /// Runs the other process.
    static func run(_ words: [String]) throws {
        guard words.count == 2, let rounds = Int(words[1]) else { throw BenchError("\(flag) ADDRESS ROUNDS") }
        var message = [CChar](repeating: 0, count: 512)
        let settings = rd_kafka_conf_new()
        rd_kafka_conf_set(settings, "bootstrap.servers", words[0], &message, message.count)
        guard let client = rd_kafka_new(RD_KAFKA_CONSUMER, settings, &message, message.count) else {
            throw BenchError("no client of librdkafka")
        }
        let queue = rd_kafka_queue_new(client)
        let groups = (0..<KafkaBenchmark.groups).map(KafkaBenchmark.group)
        func round() throws {
            for first in stride(from: 0, to: groups.count, by: KafkaBenchmark.maxInFlight) {
                let batch = groups[first..<min(first + KafkaBenchmark.maxInFlight, groups.count)]
                let partitions = partitions()
                defer { rd_kafka_topic_partition_list_destroy(partitions) }
                for group in batch { ask(client, queue, group, partitions) }
                let code = rd_kafka_offsets_for_times(client, partitions, timeoutMilliseconds)
                guard code == RD_KAFKA_RESP_ERR_NO_ERROR else { throw BenchError("offsets_for_times: \(code)") }
                for _ in batch {
                    let event = rd_kafka_queue_poll(queue, timeoutMilliseconds)
                    guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR, event != nil else {
                        throw BenchError("no offsets of a group")
                    }
                    rd_kafka_event_destroy(event)
                }
            }
        }
        try round()
        let before = try ProcessTimes.cpuSeconds(of: getpid())
        for _ in 1...rounds { try round() }
        print((try ProcessTimes.cpuSeconds(of: getpid()) - before) / Double(rounds * groups.count))
    }

    /// The partitions of the topic, and that their ends are asked for.
    private static func partitions() -> UnsafeMutablePointer<rd_kafka_topic_partition_list_t>? {
        let list = rd_kafka_topic_partition_list_new(Int32(KafkaBenchmark.partitions))
        for number in 0..<Int32(KafkaBenchmark.partitions) {
            rd_kafka_topic_partition_list_add(list, "orders", number)?.pointee.offset = Int64(RD_KAFKA_OFFSET_END)
        }
        return list
    }

    private static func ask(
        _ client: OpaquePointer, _ queue: OpaquePointer?, _ group: String,
        _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) {
        var request = rd_kafka_ListConsumerGroupOffsets_new(group, partitions)
        defer { rd_kafka_ListConsumerGroupOffsets_destroy(request) }
        rd_kafka_ListConsumerGroupOffsets(client, &request, 1, nil, queue)
    }
}
