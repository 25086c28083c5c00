/// The policy's recommendation at one poll.
package struct PastRecommendation: Sendable, Hashable {
    package var at: Timestamp
    package var replicas: Int

    package init(at: Timestamp, replicas: Int) {
        self.at = at
        self.replicas = replicas
    }
}

/// The part of the memory that a restart forgets, for who carries a history from call to call.
extension ScalingHistory {
    /// Every recommendation that still matters to a stabilization window, the newest last.
    package var recommendations: [PastRecommendation] {
        guard let newest = upWindow.entries.last else { return [] }
        let older = Set(upWindow.entries.dropLast() + downWindow.entries.dropLast())
        return (older.sorted { ($0.time, $0.replicas) < ($1.time, $1.replicas) } + [newest]).map {
            PastRecommendation(at: $0.time, replicas: $0.replicas)
        }
    }

    /// Takes over recommendations of the past, in any order; of two with one time the later in the list is the newer.
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
