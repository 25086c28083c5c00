import AWSAuth
import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// The credentials of a request.
struct Credentials: Sendable, Equatable {
    /// The value of the Authorization header.
    let authorization: Secret?
    let signature: AWSSignature?

    private init(authorization: Secret? = nil, signature: AWSSignature? = nil) {
        self.authorization = authorization
        self.signature = signature
    }

    static let none = Credentials()

    static func basic(_ basic: BasicAuth) -> Credentials {
        Credentials(authorization: basic.authorization)
    }

    static func bearer(_ token: Secret) -> Credentials {
        Credentials(authorization: Secret("Bearer " + token.reveal()))
    }

    static func signed(_ sigv4: PrometheusAuth.SigV4, _ key: AWSKey) -> Credentials {
        Credentials(signature: AWSSignature(region: sigv4.region, service: sigv4.service, key: key))
    }
}
