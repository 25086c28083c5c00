import NIOCore
import WireFormats

/// The limits of the admission webhook.
enum AdmissionLimits {
    /// Bytes of a review: the API server stores objects of up to 1.5 MiB, and an update contains two.
    static let bodyBytes = 3 << 20
    /// Reviews whose bodies are in memory at one time; the bodies of further ones are not read yet.
    static let bodiesAtOnce = 4
    /// Connections at one time. A further connection displaces the oldest without a complete request.
    static let connections = 64
    /// Connections that the kernel has accepted and the webhook has not.
    static let backlog: Int32 = 128
    /// Bytes of all headers of a request, and of one header.
    static let headerBytes = 16 << 10
    static let headers = 64
    /// Bytes read from a connection at a time.
    static let readBytes = 16 << 10
    /// The time from the complete body of a review to the response. Less than the `timeoutSeconds` of the
    /// configuration, so that the API server receives a response with the reason.
    static let reviewTime: Duration = .seconds(4)
    /// How long a review waits for the other autoscalers of the target, which are watched from the first review on.
    static let autoscalerTime: Duration = .seconds(1)
    /// Secrets and ServiceAccounts of one object for which the author's rights are checked; further ones are not.
    static let rightsPerReview = 20
    /// Characters of a refusal. If there are many problems, the first ones are enough to act on.
    static let messageCharacters = 2_048
    static let warnings = 10
    /// Characters of a warning: the API server truncates longer ones.
    static let warningCharacters = 256
    /// The parsed part of `userInfo`.
    static let user = JSONLimits(bytes: 64 << 10, nodes: 2_048)
    /// A scalar of a review, such as its UID.
    static let scalar = JSONLimits(bytes: 1 << 10, nodes: 1)
    /// Random bytes of the secret path.
    static let pathBytes = 16
}

/// Time limits of the admission webhook's connections.
struct ReviewTimes: Sendable {
    /// From connecting, or from the previous response, to the end of a request's headers, including the TLS handshake.
    var idle: TimeAmount = .seconds(10)
    /// From the end of the headers to the response.
    var request: TimeAmount = .seconds(10)
    /// Until the body may be sent.
    var turn: TimeAmount = .seconds(1)
    /// To send the body, once that is allowed.
    var body: TimeAmount = .seconds(2)
}
