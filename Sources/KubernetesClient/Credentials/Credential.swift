import WireFormats

/// The credential of one request.
struct Credential: Sendable {
    struct ClientCertificate: Sendable {
        /// The certificate chain in PEM.
        let chain: [UInt8]
        let key: [UInt8]
    }

    /// The value of the Authorization header.
    var authorization: SecretString?
    var clientCertificate: ClientCertificate?
    /// A number that distinguishes a renewed credential from the previous one.
    var generation = 0
}

extension Credential: CustomStringConvertible, CustomReflectable {
    var description: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

/// A source of credentials for requests.
package enum CredentialSource: Sendable {
    /// Only the TLS client certificate, if there is one.
    case none
    case token(SecretString)
    /// A file that is read again after rotation.
    case tokenFile(String)
    case basic(user: String, password: SecretString)
    case exec(ExecPlugin)

    /// Whether a renewal may return another credential.
    var canRenew: Bool {
        switch self {
        case .none, .token, .basic: false
        case .tokenFile, .exec: true
        }
    }
}
