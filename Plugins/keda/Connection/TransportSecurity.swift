import GRPCNIOTransportHTTP2Posix
import HTTPTransport

/// How a connection is encrypted.
enum TransportSecurity {
    /// - Parameter tls: nil for none.
    static func of(_ tls: TLSOptions?) -> HTTP2ClientTransport.Posix.TransportSecurity {
        guard let tls else { return .plaintext }
        return .tls { config in
            if let authorities = tls.certificateAuthorities {
                config.trustRoots = .certificates([.bytes(authorities, format: .pem)])
            }
            if let certificate = tls.clientCertificate, let key = tls.clientKey {
                config.certificateChain = [.bytes(certificate, format: .pem)]
                config.privateKey = .bytes(key, format: .pem)
            }
            config.serverCertificateVerification = tls.skipsVerification ? .noVerification : .fullVerification
        }
    }
}
