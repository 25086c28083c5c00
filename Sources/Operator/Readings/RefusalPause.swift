import PluginHost
import PluginProtocol

/// How long a source is not asked again whose plugin said that asking again is of no use, or when it is.
struct RefusalPause {
    /// The longest time until what was refused is asked again: the object that was not found may have been made.
    static let longest: Duration = .seconds(60)
    /// The longest time that a source's own `retryAfterMs` is followed.
    static let longestRetryAfter: Duration = .seconds(300)

    private var refusals = 0
    private var until: Duration?

    func isOver(now: Duration) -> Bool { until.map { now >= $0 } ?? true }

    /// Takes an answer into account.
    ///
    /// - Parameter interval: how often the source is asked where it answers.
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
