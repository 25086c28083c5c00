import CKafka
import Glibc
import PluginSDK
import SourceSupport
import SystemIO

extension KafkaClient {
    /// Sets what librdkafka calls, with the client's `ClientEvents` as its `opaque`.
    static func setCallbacks(_ settings: OpaquePointer?) {
        // A token that ends is renewed by the host, which then calls with another one, for another client.
        rd_kafka_conf_set_events(settings, RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH)
        rd_kafka_conf_set_background_event_cb(settings) { _, event, opaque in
            KafkaClient.take(event, opaque)
            rd_kafka_event_destroy(event)
        }
        rd_kafka_conf_set_log_cb(settings) { handle, level, facility, text in
            guard let handle, let opaque = rd_kafka_opaque(handle), let facility, let text else { return }
            Unmanaged<ClientEvents>.fromOpaque(opaque).takeUnretainedValue()
                .log(level: level, String(cString: facility), String(cString: text))
        }
        rd_kafka_conf_set_connect_cb(settings) { socket, address, length, broker, opaque in
            guard let address, let opaque else { return EINVAL }
            return Unmanaged<ClientEvents>.fromOpaque(opaque).takeUnretainedValue()
                .connect(socket, address, length, broker: broker.map { String(cString: $0) } ?? "")
        }
    }

    /// Sets what is called with each certificate of a broker, which then knows why one is refused.
    static func setVerification(_ settings: OpaquePointer?) {
        rd_kafka_conf_set_ssl_cert_verify_cb(settings) { _, broker, _, code, _, _, _, message, size, opaque in
            guard let code, code.pointee != 0 else { return 1 }
            guard let opaque else { return 0 }
            let reason = CertificateFault(code: code.pointee).description
            Unmanaged<ClientEvents>.fromOpaque(opaque).takeUnretainedValue()
                .refuse(certificateOf: broker.map { String(cString: $0) } ?? "", reason)
            if let message, size > 0 { message.pointee = 0 }
            return 0
        }
    }

    private static func take(_ event: OpaquePointer?, _ opaque: UnsafeMutableRawPointer?) {
        if let result = rd_kafka_event_ListConsumerGroupOffsets_result(event) {
            guard let answer = rd_kafka_event_opaque(event) else { return }
            Unmanaged<GroupAnswer>.fromOpaque(answer).takeRetainedValue().take(event, result)
        } else if rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR, let opaque {
            Unmanaged<ClientEvents>.fromOpaque(opaque).takeUnretainedValue()
                .report(rd_kafka_event_error(event), String(cString: rd_kafka_event_error_string(event)))
        }
    }
}

/// The answer to a request for a group's offsets.
final class GroupAnswer: Sendable {
    private let group: String
    /// Stays open until the answer, even if the call ends before it.
    private let client: KafkaClient
    private let promise: AsyncPromise<CommittedOffsets>

    init(_ group: String, _ client: KafkaClient, _ promise: AsyncPromise<CommittedOffsets>) {
        self.group = group
        self.client = client
        self.promise = promise
    }

    /// Called once, by a thread of librdkafka's.
    func take(_ event: OpaquePointer?, _ result: OpaquePointer) {
        promise.fulfill(value(event, result).mapError { $0 })
    }

    private func value(
        _ event: OpaquePointer?, _ result: OpaquePointer
    ) -> Result<CommittedOffsets, KafkaFailure> {
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            return .failure(
                KafkaFailure(code, "group \(group)", detail: String(cString: rd_kafka_event_error_string(event))))
        }
        var count = 0
        guard let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count), count == 1,
            let found = groups[0]
        else { return .failure(KafkaFailure(.sourceUnreachable, "the cluster returned no answer for group \(group)")) }
        if let error = rd_kafka_group_result_error(found) {
            return .failure(
                KafkaFailure(
                    rd_kafka_error_code(error), "group \(group)", detail: String(cString: rd_kafka_error_string(error)))
            )
        }
        let list = rd_kafka_group_result_partitions(found)
        var offsets: CommittedOffsets = [:]
        // The partitions of a topic come together, and its name is read once.
        var (name, topic): (UnsafeMutablePointer<CChar>?, String) = (nil, "")
        var committed: [Int32: Int64] = [:]
        for element in UnsafeBufferPointer(start: list?.pointee.elems, count: Int(list?.pointee.cnt ?? 0)) {
            if name.map({ strcmp($0, element.topic) != 0 }) ?? true {
                if !committed.isEmpty { offsets[topic] = committed }
                (name, topic) = (element.topic, String(cString: element.topic))
                committed = offsets[topic] ?? [:]
            }
            guard element.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                return .failure(KafkaFailure(element.err, "topic \(topic)"))
            }
            // Negative is none.
            if element.offset >= 0 { committed[element.partition] = element.offset }
        }
        if !committed.isEmpty { offsets[topic] = committed }
        return .success(offsets)
    }
}
