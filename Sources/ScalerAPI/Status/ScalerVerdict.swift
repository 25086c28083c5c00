package import Scaling
import WireFormats

/// The outcome of one poll of one scaler.
package enum ScalerVerdict: Sendable {
    /// Nothing can be decided, because of the object, its plugins or its target.
    case blocked(Blocker)
    /// A decision was made. `obstacle` is the reason if it could not be applied.
    case decided(Decision, obstacle: Blocker?)
}

/// The problem that blocks a scaler, with its fix.
package struct Blocker: Error, Sendable, Hashable {
    package enum Reason: String, Sendable {
        case invalidSpec = "InvalidSpec"
        case unknownMetricType = "UnknownMetricType"
        case invalidMetricConfig = "InvalidMetricConfig"
        case pluginUnavailable = "PluginUnavailable"
        case secretNotFound = "SecretNotFound"
        case secretNotReadable = "SecretNotReadable"
        case secretForbidden = "SecretForbidden"
        case secretInvalid = "SecretInvalid"
        case secretUnavailable = "SecretUnavailable"
        case tokenUnavailable = "TokenUnavailable"
        case targetNotFound = "TargetNotFound"
        case targetNotScalable = "TargetNotScalable"
        case targetForbidden = "TargetForbidden"
        case targetUnavailable = "TargetUnavailable"
        case targetScaleUnreadable = "TargetScaleUnreadable"
        case scaleFailed = "ScaleFailed"

        /// Whether a different message alone counts as a new problem: the message changes only with the problem, not
        /// with the generation.
        var isToldByItsMessage: Bool {
            switch self {
            case .secretNotFound, .secretNotReadable, .secretInvalid, .targetScaleUnreadable: true
            default: false
            }
        }

        /// Whether the target is the cause, and not the spec or a plugin.
        var concernsTarget: Bool {
            switch self {
            case .invalidSpec, .unknownMetricType, .invalidMetricConfig, .pluginUnavailable, .secretNotFound,
                .secretNotReadable, .secretForbidden, .secretInvalid, .secretUnavailable, .tokenUnavailable:
                false
            case .targetNotFound, .targetNotScalable, .targetForbidden, .targetUnavailable, .targetScaleUnreadable,
                .scaleFailed:
                true
            }
        }
    }

    /// The maximum length of a message, which is part of every condition; the API server limits conditions to 32,768
    /// characters.
    static let maxMessageCharacters = 4_096

    package let reason: Reason
    package let message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message.shortened(to: Self.maxMessageCharacters)
    }
}

extension ScalerVerdict {
    /// The sentence of the decision; empty if there is none.
    var sentence: String {
        if case .decided(let decision, _) = self { decision.reason } else { "" }
    }

    /// Returns the conditions after this poll.
    ///
    /// - Parameters:
    ///   - configFault: the fault of a metric's config that its source reported, if any.
    ///   - sentence: ``sentence``, which is the message of several conditions.
    func conditions(configFault: Blocker?, sentence: String) -> [Condition] {
        switch self {
        case .blocked(let blocker):
            [
                Condition(.ready, .false, blocker.reason.rawValue, blocker.message),
                Condition(.scalingActive, .false, blocker.reason.rawValue, "Replicas are held: \(blocker.message)"),
                blocker.reason.concernsTarget
                    ? Condition(.ableToScale, .false, blocker.reason.rawValue, blocker.message)
                    : Condition(.ableToScale, .unknown, blocker.reason.rawValue, "The target has not been read yet."),
            ]
        case .decided(let decision, let obstacle):
            [
                decision.readyCondition(obstacle, configFault, sentence),
                decision.activeCondition(configFault, sentence),
                Self.ableToScale(obstacle),
                decision.limitedCondition(sentence), decision.budgetCondition, decision.fallbackCondition(sentence),
                decision.conflictCondition(sentence),
            ].compactMap(\.self)
        }
    }

    private static func ableToScale(_ obstacle: Blocker?) -> Condition {
        obstacle.map { Condition(.ableToScale, .false, $0.reason.rawValue, $0.message) }
            ?? Condition(.ableToScale, .true, "TargetFound", "The target's replicas can be read and set.")
    }
}

extension Decision {
    /// Causes that hold the target regardless of the metrics.
    private static let holds: Set<Cause> = [
        .paused, .switchedOff, .duplicateTarget, .replicasConflict,
    ]

    /// Causes for which the metrics have no effect.
    private static let inactive = holds.union([.stuckAtZero, .noData])

    /// Causes that drove the decision in place of limiting it.
    private static let drivers: Set<Cause> = [
        .tolerance, .boundsJump, .activation, .toZero, .fallback, .dryRun, .schedule, .forecast,
    ]

    fileprivate func readyCondition(
        _ obstacle: Blocker?, _ configFault: Blocker?, _ sentence: String
    ) -> Condition {
        if let obstacle { return Condition(.ready, .false, obstacle.reason.rawValue, obstacle.message) }
        if let cause = limitedBy.first(where: { $0 == .duplicateTarget || $0 == .replicasConflict }) {
            return Condition(.ready, .false, cause.rawValue, sentence)
        }
        if let configFault {
            return Condition(.ready, .false, configFault.reason.rawValue, configFault.message)
        }
        if limitedBy.contains(.noData) { return Condition(.ready, .false, Cause.noData.rawValue, sentence) }
        if limitedBy.contains(.stuckAtZero) { return Condition(.ready, .false, Cause.stuckAtZero.rawValue, sentence) }
        return Condition(.ready, .true, "Scaling", "Metrics are read and the target follows them.")
    }

    fileprivate func activeCondition(_ configFault: Blocker?, _ sentence: String) -> Condition {
        // StuckAtZero explains the cause of NoData.
        if let cause = limitedBy.contains(.stuckAtZero) ? .stuckAtZero : limitedBy.first(where: Self.inactive.contains)
        {
            if cause == .noData, let configFault {
                return Condition(.scalingActive, .false, configFault.reason.rawValue, sentence)
            }
            return Condition(.scalingActive, .false, cause.rawValue, sentence)
        }
        return Condition(.scalingActive, .true, "ValidMetrics", sentence)
    }

    fileprivate func limitedCondition(_ sentence: String) -> Condition {
        if let cause = limitedBy.first(where: { !Self.drivers.contains($0) }) {
            return Condition(.scalingLimited, .true, cause.rawValue, sentence)
        }
        return Condition(.scalingLimited, .false, "WithinLimits", "The replicas are what the policy recommends.")
    }

    fileprivate var budgetCondition: Condition? {
        guard let budget else { return nil }
        let (cost, most) = (budget.costPerHour.shortText, budget.maxCostPerHour.shortText)
        let bill =
            "\(current.counted("replica")) \(current == 1 ? "costs" : "cost") \(cost) an hour; the budget is \(most)"
        return budget.overspendPerHour > 0
            ? Condition(
                .withinBudget, .false, "OverBudget", "\(bill): \(budget.overspendPerHour.shortText) too much.")
            : Condition(.withinBudget, .true, "WithinBudget", "\(bill).")
    }

    fileprivate func fallbackCondition(_ sentence: String) -> Condition {
        limitedBy.contains(.fallback)
            ? Condition(.fallback, .true, "MetricsFailed", sentence)
            : Condition(.fallback, .false, "MetricsAvailable", "The fallback is not in use.")
    }
}
