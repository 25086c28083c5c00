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
        var isDown = false
    }

    private static let logger = Logger(label: "kafka")

    private let peers: PeerRule
    private let secrets: [String]
    private let state = Mutex(State())

    init(_ cluster: KafkaCluster) {
        peers = cluster.peers
        secrets = cluster.secrets
    }

    /// Whether no broker can be reached.
    var isDown: Bool { state.withLock(\.isDown) }

    /// The reason why there is no connection; nil if none is known.
    var failure: KafkaFailure? {
        state.withLock { state in
            state.objection.map { KafkaFailure(.sourceUnreachable, $0, path: "brokers") } ?? state.failure
        }
    }

    /// Forgets the failure, because an answer has come.
    func clear() {
        state.withLock { $0 = State() }
    }

    func report(_ code: rd_kafka_resp_err_t, _ text: String) {
        let failure =
            code == RD_KAFKA_RESP_ERR__TRANSPORT
            ? Self.lost(masked(text)) : KafkaFailure(code, "", detail: masked(text))
        state.withLock { state in
            // This error says only that all brokers are down. An earlier error has the reason.
            if code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN {
                state.isDown = true
            } else {
                state.failure = failure
            }
        }
    }

    private static func lost(_ text: String) -> KafkaFailure {
        let mayBeTLS = text.contains("security.protocol") || text.contains("SSL")
        return KafkaFailure(
            .sourceUnreachable,
            "no connection to the cluster: \(text). "
                + (mayBeTLS
                    ? "Check whether this port uses TLS, and set or remove tls" : "Check brokers, and that they run"),
            path: mayBeTLS ? "tls" : "brokers")
    }

    func log(level: Int32, _ facility: String, _ text: String) {
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
