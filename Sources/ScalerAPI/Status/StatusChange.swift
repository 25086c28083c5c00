package import Scaling

/// The difference between a verdict and the last report: determines whether to write the status and which events to
/// record.
package struct StatusChange: Sendable {
    private let previous: [RecordedCondition]
    private let previousDecision: Decision?
    private let verdict: ScalerVerdict
    private let configFault: Blocker?
    /// The conditions from the verdict and the others, without the decision's sentence, which most polls do not need.
    private let outline: [Condition]
    private let others: [Condition]
    /// Whether the status includes idleness: if the scaler may go to 0.
    private let tracksIdleness: Bool

    /// - Parameters:
    ///   - configFault: the fault of a metric's config that its source reported, if any.
    ///   - others: conditions that do not follow from the verdict.
    package init(
        previous: [RecordedCondition], previousDecision: Decision?, verdict: ScalerVerdict,
        configFault: Blocker? = nil, others: [Condition], tracksIdleness: Bool
    ) {
        self.previous = previous
        self.previousDecision = previousDecision
        self.verdict = verdict
        self.configFault = configFault
        self.others = others
        outline = verdict.conditions(configFault: configFault, sentence: "") + others
        self.tracksIdleness = tracksIdleness
    }

    package func conditions(now: Timestamp, generation: Int) -> [RecordedCondition] {
        let conditions = verdict.conditions(configFault: configFault, sentence: verdict.sentence) + others
        return previous.updated(with: conditions, generation: generation, now: now)
    }

    /// Whether a decision or a condition changed, which are the only reasons to write the status.
    package var isChange: Bool {
        let haveSameConditions =
            outline.count == previous.count && zip(outline, previous).allSatisfy { $0.isSame(as: $1.condition) }
        guard haveSameConditions else { return true }
        if case .blocked(let blocker) = verdict { return hasNewError(blocker) }
        guard case .decided(let decision, _) = verdict else { return false }
        guard let previousDecision, decision.isSame(as: previousDecision) else { return true }
        return tracksIdleness && decision.isIdle != previousDecision.isIdle
    }

    /// The decision, if it has limits that the previous one did not have.
    package var newlyLimited: Decision? {
        guard case .decided(let decision, _) = verdict, !decision.limitedBy.isEmpty else { return nil }
        if let previousDecision, decision.isSame(as: previousDecision) { return nil }
        return decision
    }

    /// The events to record: new problems, and their end.
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

    /// Returns whether there is another problem with the same reason.
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

    /// Causes that are worth an event. The others change with the load and are only in the status.
    private static let notable: Set<Cause> = [
        .noData, .fallback, .stuckAtZero, .switchedOff, .duplicateTarget, .replicasConflict, .partialMetrics,
        .assumedValue, .errorBudget, .budgetCap, .budget, .dryRun,
    ]

    /// Those that are as configured, so that nothing is wrong.
    private static let expected: Set<Cause> = [.dryRun, .budgetCap, .budget]

    private func announcements(of decision: Decision) -> [Announcement] {
        let before = Set(previousDecision?.limitedBy ?? [])
        let new = decision.limitedBy.filter { cause in
            // A config fault is more specific than missing data.
            Self.notable.contains(cause) && !before.contains(cause) && !(cause == .noData && configFault != nil)
        }
        let faults = configFault.map { isNewlyFalse(reason: $0.reason.rawValue, $0.message) } ?? []
        let troubles =
            faults
            + new.map { cause in
                Announcement(
                    isWarning: !Self.expected.contains(cause), reason: cause.rawValue, message: decision.reason)
            }
        let wasReady = previous.first { $0.condition.kind == .ready }?.condition.status
        let isReady = outline.first { $0.kind == .ready }?.status
        guard wasReady == .false, isReady == .true else { return troubles }
        return troubles + [Announcement(isWarning: false, reason: "Recovered", message: decision.reason)]
    }
}

/// An event to record for an object.
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
