package import Scaling

/// The difference between a verdict and the last report: decides whether to write, and what to announce.
package struct StatusChange: Sendable {
    private let previous: [RecordedCondition]
    private let previousDecision: Decision?
    private let verdict: ScalerVerdict
    private let configFault: Blocker?
    /// Those that follow from the verdict, and the others.
    private let conditions: [Condition]
    /// Of a scaler that may go to 0, being idle is part of what is remembered.
    private let tracksIdleness: Bool

    /// - Parameters:
    ///   - configFault: why a metric's config cannot be right, as its source found when it was asked.
    ///   - others: conditions that do not follow from the verdict.
    package init(
        previous: [RecordedCondition], previousDecision: Decision?, verdict: ScalerVerdict,
        configFault: Blocker? = nil, others: [Condition], tracksIdleness: Bool
    ) {
        self.previous = previous
        self.previousDecision = previousDecision
        self.verdict = verdict
        self.configFault = configFault
        conditions = verdict.conditions(configFault: configFault) + others
        self.tracksIdleness = tracksIdleness
    }

    package func conditions(now: Timestamp, generation: Int) -> [RecordedCondition] {
        previous.updated(with: conditions, generation: generation, now: now)
    }

    /// Whether a decision or a condition changed: the only times at which status is written.
    package var isChange: Bool {
        let haveSameConditions =
            conditions.count == previous.count && zip(conditions, previous).allSatisfy { $0.isSame(as: $1.condition) }
        guard haveSameConditions else { return true }
        if case .blocked(let blocker) = verdict { return hasNewError(blocker) }
        guard case .decided(let decision, _) = verdict else { return false }
        guard let previousDecision, decision.isSame(as: previousDecision) else { return true }
        return tracksIdleness && decision.isIdle != previousDecision.isIdle
    }

    /// A decision that some limit bounds, which the one before did not.
    package var newlyLimited: Decision? {
        guard case .decided(let decision, _) = verdict, !decision.limitedBy.isEmpty else { return nil }
        if let previousDecision, decision.isSame(as: previousDecision) { return nil }
        return decision
    }

    /// What the object's event list should say of it: troubles that are new, and their end.
    package var announcements: [Announcement] {
        switch verdict {
        case .blocked(let blocker):
            hasNewError(blocker)
                ? [Announcement(isWarning: true, reason: blocker.reason.rawValue, message: blocker.message)]
                : isNewlyFalse(reason: blocker.reason.rawValue, blocker.message)
        case .decided(_, let obstacle?): isNewlyFalse(reason: obstacle.reason.rawValue, obstacle.message)
        case .decided(let decision, nil): announcements(of: decision)
        }
    }

    /// Returns the reason is the one that was reported, and something else is wrong.
    private func hasNewError(_ blocker: Blocker) -> Bool {
        let ready = previous.first { $0.condition.kind == .ready }?.condition
        return blocker.reason.isToldByItsMessage && ready?.reason == blocker.reason.rawValue
            && ready?.message != blocker.message
    }

    private func isNewlyFalse(reason: String, _ message: String) -> [Announcement] {
        let ready = previous.first { $0.condition.kind == .ready }?.condition
        guard ready?.status != .false || ready?.reason != reason else { return [] }
        return [Announcement(isWarning: true, reason: reason, message: message)]
    }

    /// Causes that someone should hear of. The others come and go with the load and stand in status.
    private static let notable: Set<Cause> = [
        .noData, .fallback, .stuckAtZero, .switchedOff, .duplicateTarget, .replicasConflict, .partialMetrics,
        .errorBudget, .budgetCap, .dryRun,
    ]

    private func announcements(of decision: Decision) -> [Announcement] {
        let before = Set(previousDecision?.limitedBy ?? [])
        let new = decision.limitedBy.filter { cause in
            // What is wrong with the config says more than that there is no data.
            Self.notable.contains(cause) && !before.contains(cause) && !(cause == .noData && configFault != nil)
        }
        let faults = configFault.map { isNewlyFalse(reason: $0.reason.rawValue, $0.message) } ?? []
        let troubles =
            faults
            + new.map { cause in
                Announcement(
                    isWarning: cause != .dryRun && cause != .budgetCap, reason: cause.rawValue, message: decision.reason
                )
            }
        let wasReady = previous.first { $0.condition.kind == .ready }?.condition.status
        let isReady = conditions.first { $0.kind == .ready }?.status
        guard wasReady == .false, isReady == .true else { return troubles }
        return troubles + [Announcement(isWarning: false, reason: "Recovered", message: decision.reason)]
    }
}

/// An entry for an object's event list.
package struct Announcement: Sendable, Hashable {
    package var isWarning: Bool
    package var reason: String
    package var message: String

    package init(isWarning: Bool, reason: String, message: String) {
        self.isWarning = isWarning
        self.reason = reason
        self.message = message
    }
}
