/// Every bound of the admission webhook.
enum AdmissionLimits {
    /// Bytes of a review: the API server stores objects of up to 1.5 MiB, and an update brings two.
    static let bodyBytes = 4 << 20
    /// Reviews whose bodies are in memory at one time; further ones wait unread.
    static let bodiesAtOnce = 4
    static let connections = 512
    /// From the first byte of a review to its answer. Less than the ``timeoutSeconds`` of the configuration, so that the
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
    /// Bytes of a certificate or key file.
    static let certificateBytes = 1 << 20
}
