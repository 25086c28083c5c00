import CKafka
import PluginSDK
import SourceSupport

/// The reason why a request got no answer.
struct KafkaFailure: Error {
    let error: PluginError
    /// Whether the client's own report says more, such as why there is no connection.
    var isSilence = false

    init(_ error: PluginError, isSilence: Bool = false) {
        self.error = error
        self.isSilence = isSilence
    }

    init(_ kind: PluginError.Kind, _ message: String, path: String? = nil) {
        self.init(PluginError(kind, message, path: path))
    }

    /// What a cluster answers, or librdkafka in place of an answer.
    ///
    /// - Parameters:
    ///   - what: the subject of the message, such as `topic orders`.
    ///   - detail: librdkafka's text, if there is more than the code's.
    init(_ code: rd_kafka_resp_err_t, _ what: String, detail: String? = nil) {
        let reason = Quoting.shortened(detail ?? String(cString: rd_kafka_err2str(code)))
        switch code {
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
            self.init(
                .notFound,
                "\(what) does not exist, or the user may not describe it: \(reason). Correct topics, or create it",
                path: "topics")
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            self.init(.authFailed, "the user may not describe \(what): \(reason). Grant it DESCRIBE", path: "topics")
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            self.init(.authFailed, "the user may not describe \(what): \(reason). Grant it DESCRIBE", path: "group")
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            self.init(
                .authFailed, "the user lacks a right in the cluster: \(reason). Grant it DESCRIBE, or use another user",
                path: "sasl")
        case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR__AUTHENTICATION:
            self.init(.authFailed, "the cluster refuses the client: \(reason). Correct sasl", path: "sasl")
        case RD_KAFKA_RESP_ERR__SSL:
            self.init(.sourceUnreachable, "no trusted TLS connection: \(reason). Correct tls", path: "tls")
        case RD_KAFKA_RESP_ERR__RESOLVE:
            self.init(.sourceUnreachable, "no address found: \(reason). Correct brokers", path: "brokers")
        case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
            self.init(.configInvalid, "\(what): \(reason). Correct group", path: "group")
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__TRANSPORT,
            RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            self.init(
                PluginError(.sourceUnreachable, "\(what): no answer in time: \(reason). Check that all brokers run"),
                isSilence: true)
        default: self.init(.sourceUnreachable, "\(what): \(reason). The next poll retries")
        }
    }
}
