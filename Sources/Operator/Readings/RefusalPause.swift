import PluginHost
import PluginProtocol

/// The pause before the next call to a source that a plugin reported as not retryable, or as retryable after some time.
struct RefusalPause {
    /// The longest pause after an error that is not retryable: a missing object may be created at any time.
    static let longest: Duration = .seconds(60)
    /// The limit of a source's own `retryAfterMs`.
    static let longestRetryAfter: Duration = .seconds(300)

    private var refusals = 0
    private var until: Duration?

    func isOver(now: Duration) -> Bool { until.map { now >= $0 } ?? true }

    /// Takes an answer into account.
    ///
    /// - Parameter interval: the polling interval without a pause.
    mutating func answered(_ outcome: ReadingOutcome, askedAt: Duration, interval: Duration) {
        guard case .failure(let failure) = outcome, case .answered(let error) = failure.kind else {
            self = RefusalPause()
            return
        }
        if let wait = failure.retryAfter {
            refusals = 0
            until = askedAt + min(wait, Self.longestRetryAfter)
        } else if error.kind.isRetryable || error.kind == .cancelled {
            self = RefusalPause()
        } else {
            refusals = min(refusals + 1, 16)
            until = askedAt + min(interval * (1 << refusals), max(interval, Self.longest))
        }
    }
}
