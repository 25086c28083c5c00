import NIOCore
import WireFormats

/// Every bound of the admission webhook.
enum AdmissionLimits {
    /// Bytes of a review: the API server stores objects of up to 1.5 MiB, and an update brings two.
    static let bodyBytes = 3 << 20
    /// Reviews whose bodies are in memory at one time; further ones wait unread.
    static let bodiesAtOnce = 4
    /// Connections at one time. A further one takes the place of the oldest that has no whole request.
    static let connections = 64
    /// Connections that the system has accepted and the webhook has not yet.
    static let backlog: Int32 = 128
    /// Bytes of all headers of a request, and of one.
    static let headerBytes = 16 << 10
    static let headers = 64
    /// Bytes read from a connection at a time.
    static let readBytes = 16 << 10
    /// From the whole body of a review to its answer. Less than the `timeoutSeconds` of the configuration, so that the
    /// API server hears of the trouble from us.
    static let reviewTime: Duration = .seconds(4)
    /// How long a review waits for what else scales the target, which is watched from the first review on.
    static let rivalTime: Duration = .seconds(1)
    /// Secrets whose readers are looked up for one object; more are not looked at.
    static let secretsPerReview = 20
    /// Characters of a refusal: of very many problems, the first tell what to do.
    static let messageCharacters = 2_048
    static let warnings = 10
    /// The API server cuts longer ones.
    static let warningCharacters = 256
    /// What is read of `userInfo`.
    static let user = JSONLimits(bytes: 64 << 10, nodes: 2_048)
    /// One value of a review such as its uid.
    static let scalar = JSONLimits(bytes: 1 << 10, nodes: 1)
    /// Random bytes of the path that only the API server knows.
    static let pathBytes = 16
}

/// Time limits of the admission webhook's connections.
struct ReviewTimes: Sendable {
    /// From connecting, or from the answer before, to the end of a request's headers: the TLS handshake included.
    var idle: TimeAmount = .seconds(10)
    /// From the end of the headers to the answer.
    var request: TimeAmount = .seconds(10)
    /// Until the body may be read.
    var turn: TimeAmount = .seconds(1)
    /// To send the body, once it may be read.
    var body: TimeAmount = .seconds(2)
}
