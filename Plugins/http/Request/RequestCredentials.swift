import AWSAuth
import HTTPTransport
import PluginSDK
import SourceSupport

/// What a request says of who asks.
struct RequestCredentials: Hashable, Sendable {
    /// The value of the Authorization header.
    var authorization: Secret?
    var signature: AWSSignature?
    /// The project to name as the one that pays for the request.
    var quotaProject: String?

    static func bearer(_ token: AccessToken) -> RequestCredentials {
        RequestCredentials(
            authorization: Secret("Bearer " + token.token.reveal()), quotaProject: token.quotaProject)
    }
}
