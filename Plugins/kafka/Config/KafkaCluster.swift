import HTTPTransport
import PluginSDK
import SourceSupport

/// A cluster and the identity at it. Equal values share a client.
struct KafkaCluster: Hashable, Sendable {
    /// How the client authenticates beside its certificate.
    struct Identity: Hashable, Sendable {
        let mechanism: String
        let username: String
        let password: Secret
    }

    static let defaultPort = 9_092

    /// At least one.
    let brokers: [HostPort]
    let tls: TLSOptions?
    let identity: Identity?
    /// The IP addresses that the brokers may have, those that the cluster names among them.
    let peers: PeerRule

    /// - Throws: `config_invalid` if a certificate or key file cannot be read.
    init(_ config: KafkaConfig, files: some FileReader) throws(PluginError) {
        brokers = config.brokers.compactMap(Self.place)
        guard !brokers.isEmpty else { throw PluginError(.configInvalid, "the config names no broker", path: "brokers") }
        tls = try config.tls?.options(files)
        identity = config.sasl.map { sasl in
            Identity(mechanism: sasl.mechanism.rawValue, username: sasl.username, password: sasl.password)
        }
        peers = SourcePeers.rule.naming(brokers.map(\.host))
    }

    /// Returns nil if the text is not `host:port`.
    static func place(_ text: String) -> HostPort? { HostPort(text, defaultPort: defaultPort) }

    /// The texts that must not reach a log.
    var secrets: [String] { (identity?.password.reveal()).map { [$0] } ?? [] }
}

extension KafkaCluster: CustomStringConvertible {
    /// The brokers, without an identity.
    var description: String { brokers.map(\.description).joined(separator: ",") }
}
