import CKafka
import HTTPTransport
import PluginSDK
import SourceSupport

/// The settings of a client of librdkafka.
///
/// Source: https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md
struct ClientSettings {
    let pairs: [(name: String, value: String)]

    init(_ cluster: KafkaCluster) {
        let protocols = (cluster.tls != nil, cluster.identity != nil)
        var pairs = [
            ("bootstrap.servers", cluster.description), ("client.id", "generalscaler"),
            // A producer would create the topics that it asks for.
            ("allow.auto.create.topics", "false"),
            // As the consumers' own tools count: to the end of the log.
            ("isolation.level", "read_uncommitted"),
            ("fetch.max.bytes", "1048576"), ("receive.message.max.bytes", "\(KafkaLimits.maxAnswerBytes)"),
            ("socket.connection.setup.timeout.ms", "5000"), ("reconnect.backoff.max.ms", "1000"),
            ("socket.keepalive.enable", "true"), ("log_level", "4"),  // A connection that ends at once is a reason.
            ("log.connection.close", "true"),
            (
                "security.protocol",
                protocols.0
                    ? (protocols.1 ? "sasl_ssl" : "ssl") : (protocols.1 ? "sasl_plaintext" : "plaintext")
            ),
        ]
        if let tls = cluster.tls { pairs += Self.pairs(tls) }
        if let identity = cluster.identity {
            pairs.append(("sasl.mechanism", identity.mechanism.rawValue))
            if case .user(let name, let password, _) = identity {
                pairs += [("sasl.username", name), ("sasl.password", password.reveal())]
            }
        }
        self.pairs = pairs
    }

    private static func pairs(_ tls: TLSOptions) -> [(String, String)] {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        var pairs = [
            ("enable.ssl.certificate.verification", tls.skipsVerification ? "false" : "true"),
            ("ssl.endpoint.identification.algorithm", tls.skipsVerification ? "none" : "https"),
        ]
        if let bytes = tls.certificateAuthorities { pairs.append(("ssl.ca.pem", text(bytes))) }
        if let bytes = tls.clientCertificate { pairs.append(("ssl.certificate.pem", text(bytes))) }
        if let bytes = tls.clientKey { pairs.append(("ssl.key.pem", text(bytes))) }
        return pairs
    }
}
