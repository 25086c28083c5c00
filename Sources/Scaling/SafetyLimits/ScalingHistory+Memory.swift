/// The policy's recommendation at one poll.
package struct PastRecommendation: Sendable, Hashable {
    package var at: Timestamp
    package var replicas: Int

    package init(at: Timestamp, replicas: Int) {
        self.at = at
        self.replicas = replicas
    }
}

/// The part of the state that a restart loses, for callers that pass a history from call to call.
extension ScalingHistory {
    /// The recommendations that still matter to a stabilization window, newest last.
    package var recommendations: [PastRecommendation] {
        guard let newest = upWindow.entries.last else { return [] }
        let older = Set(upWindow.entries.dropLast() + downWindow.entries.dropLast())
        return (older.sorted { ($0.time, $0.replicas) < ($1.time, $1.replicas) } + [newest]).map {
            PastRecommendation(at: $0.time, replicas: $0.replicas)
        }
    }

    /// Restores past recommendations, in any order. If two have the same time, the later in the list is the newer.
    package mutating func restoreRecommendations(_ past: [PastRecommendation], safety: SafetyLimits) {
        let inOrder = past.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        for (_, entry) in inOrder {
            upWindow.record(entry.replicas, at: entry.at, length: safety.scaleUpStabilization)
            downWindow.record(entry.replicas, at: entry.at, length: safety.scaleDownStabilization)
        }
    }

    package mutating func restore(failures: [String: FailureStreak], errorBudgetHeldSince: Timestamp?) {
        self.failures = failures
        self.errorBudgetHeldSince = errorBudgetHeldSince
    }
}
