import WireFormats

/// The credential of one request.
struct Credential: Sendable {
    struct ClientCertificate: Sendable {
        /// PEM.
        let chain: [UInt8]
        let key: [UInt8]
    }

    /// The Authorization header's value.
    var authorization: SecretString?
    var clientCertificate: ClientCertificate?
    /// Tells a renewed credential from the one before.
    var generation = 0
}

extension Credential: CustomStringConvertible, CustomReflectable {
    var description: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// The source of requests' credentials.
package enum CredentialSource: Sendable {
    /// Only the TLS client certificate, if there is one.
    case none
    case token(SecretString)
    /// Read again as it rotates.
    case tokenFile(String)
    case basic(user: String, password: SecretString)
    case exec(ExecPlugin)

    /// Whether asking again may give another credential.
    var canRenew: Bool {
        switch self {
        case .none, .token, .basic: false
        case .tokenFile, .exec: true
        }
    }
}
