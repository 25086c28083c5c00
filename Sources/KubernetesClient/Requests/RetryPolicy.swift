/// Decides whether and when to retry a call. Pure: the client asks after each failure and follows the decision.
///
/// - A wait that the server asks for (429 or 503 with Retry-After) is kept, for any call: the server did not act on it.
/// - A read that met a 5xx or no answer is tried again with backoff, unless the object itself is the reason. A write is
///   not: it may have been done.
/// - The first 401 drops a credential that can be renewed; the call is tried once more.
struct RetryPolicy: Sendable {
    enum Answer: Sendable, Hashable {
        case giveUp
        case wait(Duration)
        case renewCredential
    }

    private let isRead: Bool
    private let canRenewCredential: Bool
    private var serverDelays = 0
    private var readRetries = 0
    private var renewals = 0

    init(isRead: Bool, canRenewCredential: Bool) {
        self.isRead = isRead
        self.canRenewCredential = canRenewCredential
    }

    /// - Parameter random: evenly from 0 up to 1.
    mutating func answer(to error: KubernetesError, random: Double) -> Answer {
        if error.kind == .unauthorized {
            guard canRenewCredential, renewals == 0 else { return .giveUp }
            renewals += 1
            return .renewCredential
        }
        if let delay = error.retryAfter, error.status == 429 || error.status == 503 {
            guard serverDelays < KubernetesLimits.serverDelays else { return .giveUp }
            serverDelays += 1
            return .wait(delay)
        }
        switch error.kind {
        case .tooManyRequests, .serverError, .timeout, .unreachable:
            guard isRead, error.scaleFault == nil, readRetries < KubernetesLimits.readRetries else { return .giveUp }
            defer { readRetries += 1 }
            return .wait(KubernetesLimits.readBackoff.delay(attempt: readRetries, random: random))
        default:
            return .giveUp
        }
    }
}
