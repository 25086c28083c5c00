import CKafka
import Glibc
import HTTPTransport
import Logging
import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// The errors and log lines of a client, which librdkafka reports on its own threads.
final class ClientEvents: Sendable {
    private struct State {
        var failure: KafkaFailure?
        /// The reason why an address was refused.
        var objection: String?
        /// The reason why a certificate was refused.
        var certificate: String?
        var isDown = false
    }

    private static let logger = Logger(label: "kafka")

    private let peers: PeerRule
    private let secrets: [String]
    private let mechanism: SASLConfig.Mechanism?
    private let state = Mutex(State())

    init(_ cluster: KafkaCluster) {
        peers = cluster.peers
        secrets = cluster.secrets
        mechanism = cluster.identity?.mechanism
    }

    /// Whether no broker can be reached.
    var isDown: Bool { state.withLock(\.isDown) }

    /// The reason why there is no connection; nil if none is known.
    var failure: KafkaFailure? {
        state.withLock { state in
            if let objection = state.objection { return KafkaFailure(.sourceUnreachable, objection, path: "brokers") }
            if let certificate = state.certificate {
                return KafkaFailure(.sourceUnreachable, "no trusted TLS connection: \(certificate)", path: "tls")
            }
            return state.failure
        }
    }

    /// Forgets the failure, because an answer has come.
    func clear() {
        state.withLock { $0 = State() }
    }

    func report(_ code: rd_kafka_resp_err_t, _ text: String) {
        let failure =
            switch code {
            case RD_KAFKA_RESP_ERR__TRANSPORT: Self.lost(masked(text))
            case RD_KAFKA_RESP_ERR__AUTHENTICATION: refused(masked(text))
            default: Self.broken(code, masked(text))
            }
        state.withLock { state in
            // This error says only that all brokers are down. An earlier error has the reason.
            if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN {
                state.isDown = true
            } else {
                state.failure = failure
            }
        }
    }

    private static func broken(_ code: rd_kafka_resp_err_t, _ text: String) -> KafkaFailure {
        // Its text continues with a setting of librdkafka's, which would not help.
        if text.contains("Invalid response size") {
            // The text begins with the broker: `kafka.shop:9092/bootstrap: `.
            let broker = text.prefix { $0 != " " }.dropLast().replacing("/bootstrap", with: "")
            return KafkaFailure(
                .sourceUnreachable, "\(broker) does not answer as a Kafka broker. Check the port in brokers",
                path: "brokers")
        }
        let failure = KafkaFailure(code, "the connection to the cluster", detail: text)
        let error = failure.error
        return KafkaFailure(
            PluginError(error.kind, error.message, path: error.path ?? "brokers"), isSilence: failure.isSilence)
    }

    private static func lost(_ text: String) -> KafkaFailure {
        let (path, hint) =
            if text.contains("require SASL") {
                ("sasl", "Check whether this port needs sasl or tls")
            } else if text.contains("security.protocol") || text.contains("SSL") {
                ("tls", "Check whether this port has TLS or asks for a client certificate, and set or remove tls")
            } else {
                ("brokers", "Check brokers, and that they run")
            }
        return KafkaFailure(.sourceUnreachable, "no connection to the cluster: \(text). \(hint)", path: path)
    }

    private func refused(_ text: String) -> KafkaFailure {
        let isSCRAM = mechanism == .scramSHA256 || mechanism == .scramSHA512
        let hint =
            isSCRAM && rd_kafka_version() < Self.firstCorrectSCRAM
            ? ". If they are right: librdkafka \(String(cString: rd_kafka_version_str())) cannot log in to Kafka 4 "
                + "with SCRAM; use another mechanism or a client certificate" : ""
        return KafkaFailure(
            .authFailed, "the cluster refuses the client: \(text). Correct the credentials in sasl\(hint)", path: "sasl"
        )
    }

    /// 2.6.1. Earlier versions repeat the client's nonce, which Kafka refuses from version 4 on
    /// (https://github.com/confluentinc/librdkafka/pull/4895).
    private static let firstCorrectSCRAM: Int32 = 0x0206_01FF

    /// Notes why a broker's certificate is refused.
    func refuse(certificateOf broker: String, _ reason: String) {
        state.withLock { $0.certificate = "the certificate of \(broker) is refused: \(reason)" }
    }

    func log(level: Int32, _ facility: String, _ text: String) {
        // Brokers close idle connections.
        guard !text.contains("Disconnected (after") else { return }
        Self.logger.log(
            level: level <= LOG_ERR ? .error : .warning, "librdkafka reports a problem",
            metadata: ["facility": "\(facility)", "text": "\(masked(text))"])
    }

    private func masked(_ text: String) -> String {
        Quoting.shortened(secrets.reduce(text) { $0.replacing($1, with: "***") })
    }

    /// Connects a socket to an address that is allowed.
    ///
    /// - Returns: 0, or an error number.
    func connect(_ socket: Int32, _ address: UnsafePointer<sockaddr>, _ length: Int32, broker: String) -> Int32 {
        guard let peer = IPAddress(of: address) else { return EAFNOSUPPORT }
        if let objection = peers.objection(to: peer) {
            state.withLock { $0.objection = "no connection to the broker \(broker): \(objection)" }
            return EACCES
        }
        guard Glibc.connect(socket, address, socklen_t(length)) != 0, errno != EINPROGRESS else { return 0 }
        return errno
    }
}
