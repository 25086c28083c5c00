/// Decides whether and when to retry a call. Pure: the client asks after each failure and follows the decision.
///
/// - A delay that the server requests (429 or 503 with Retry-After) is obeyed for any call, because the server has not
///   acted on it.
/// - A read that ended with a 5xx or without a response is retried with backoff, unless the object itself is the cause.
///   A write is not retried: it may have been applied.
/// - The first 401 drops a credential that can be renewed; the call is retried once.
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

    /// - Parameter random: uniform in 0..<1.
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
