import HTTPTransport
import PluginSDK
import SourceSupport

/// A cluster and the identity at it. Equal values share a client.
struct KafkaCluster: Hashable, Sendable {
    /// How the client authenticates beside its certificate.
    enum Identity: Hashable, Sendable {
        case user(String, password: Secret, mechanism: SASLConfig.Mechanism)
        case bearer(Secret)

        /// Nil if the config lacks what its mechanism requires.
        init?(_ sasl: SASLConfig) {
            if let token = sasl.token {
                self = .bearer(token)
            } else if let username = sasl.username, let password = sasl.password {
                self = .user(username, password: password, mechanism: sasl.mechanism)
            } else {
                return nil
            }
        }

        var mechanism: SASLConfig.Mechanism {
            switch self {
            case .user(_, _, let mechanism): mechanism
            case .bearer: .oauthBearer
            }
        }

        var secret: Secret {
            switch self {
            case .user(_, let password, _): password
            case .bearer(let token): token
            }
        }
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
        identity = config.sasl.flatMap(Identity.init)
        peers = SourcePeers.rule.naming(brokers.map(\.host))
    }

    /// Returns nil if the text is not `host:port`.
    static func place(_ text: String) -> HostPort? { HostPort(text, defaultPort: defaultPort) }

    /// The texts that must not reach a log.
    var secrets: [String] { (identity?.secret.reveal()).map { [$0] } ?? [] }
}

extension KafkaCluster {
    /// Only of the brokers: few clusters have several identities, and the rest takes long.
    func hash(into hasher: inout Hasher) { hasher.combine(brokers) }
}

extension KafkaCluster: CustomStringConvertible {
    /// The brokers, without an identity.
    var description: String { brokers.map(\.description).joined(separator: ",") }
}
