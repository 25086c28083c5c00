package import Scaling
import WireFormats

/// The outcome of one poll of one scaler.
package enum ScalerVerdict: Sendable {
    /// Nothing can be decided: the object, its plugins or its target are not as they have to be.
    case blocked(Blocker)
    /// A decision was made. `obstacle` says why it could not be carried out.
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
        case targetNotFound = "TargetNotFound"
        case targetNotScalable = "TargetNotScalable"
        case targetForbidden = "TargetForbidden"
        case targetUnavailable = "TargetUnavailable"
        case targetScaleUnreadable = "TargetScaleUnreadable"
        case scaleFailed = "ScaleFailed"

        /// Whether a new message alone is news: it changes only when the trouble does, and not with the generation.
        var isToldByItsMessage: Bool {
            switch self {
            case .secretNotFound, .secretNotReadable, .secretInvalid, .targetScaleUnreadable: true
            default: false
            }
        }

        /// Whether the target is the trouble, and not the spec or a plugin.
        var concernsTarget: Bool {
            switch self {
            case .invalidSpec, .unknownMetricType, .invalidMetricConfig, .pluginUnavailable, .secretNotFound,
                .secretNotReadable, .secretForbidden, .secretInvalid, .secretUnavailable:
                false
            case .targetNotFound, .targetNotScalable, .targetForbidden, .targetUnavailable, .targetScaleUnreadable,
                .scaleFailed:
                true
            }
        }
    }

    /// Of a message: it goes into every condition, and the API server takes no condition of more than 32,768.
    static let maxMessageCharacters = 4_096

    package let reason: Reason
    package let message: String

    package init(_ reason: Reason, _ message: String) {
        self.reason = reason
        self.message = message.shortened(to: Self.maxMessageCharacters)
    }
}

extension ScalerVerdict {
    /// Returns every condition that holds after this poll.
    ///
    /// - Parameter configFault: why a metric's config cannot be right, as its source found when it was asked.
    package func conditions(configFault: Blocker? = nil) -> [Condition] {
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
                decision.readyCondition(obstacle, configFault), decision.activeCondition(configFault),
                Self.ableToScale(obstacle),
                decision.limitedCondition, decision.budgetCondition, decision.fallbackCondition,
                decision.conflictCondition,
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

    /// Causes for which the metrics drive nothing.
    private static let inactive = holds.union([.stuckAtZero, .noData])

    /// Causes that are no limit: they say what drove the decision.
    private static let drivers: Set<Cause> = [
        .tolerance, .boundsJump, .activation, .toZero, .fallback, .dryRun, .schedule,
    ]

    fileprivate func readyCondition(_ obstacle: Blocker?, _ configFault: Blocker?) -> Condition {
        if let obstacle { return Condition(.ready, .false, obstacle.reason.rawValue, obstacle.message) }
        if let cause = limitedBy.first(where: { $0 == .duplicateTarget || $0 == .replicasConflict }) {
            return Condition(.ready, .false, cause.rawValue, reason)
        }
        if let configFault {
            return Condition(.ready, .false, configFault.reason.rawValue, configFault.message)
        }
        if limitedBy.contains(.noData) { return Condition(.ready, .false, Cause.noData.rawValue, reason) }
        if limitedBy.contains(.stuckAtZero) { return Condition(.ready, .false, Cause.stuckAtZero.rawValue, reason) }
        return Condition(.ready, .true, "Scaling", "Metrics are read and the target follows them.")
    }

    fileprivate func activeCondition(_ configFault: Blocker?) -> Condition {
        // StuckAtZero explains what NoData only states.
        if let cause = limitedBy.contains(.stuckAtZero) ? .stuckAtZero : limitedBy.first(where: Self.inactive.contains)
        {
            if cause == .noData, let configFault {
                return Condition(.scalingActive, .false, configFault.reason.rawValue, reason)
            }
            return Condition(.scalingActive, .false, cause.rawValue, reason)
        }
        return Condition(.scalingActive, .true, "ValidMetrics", reason)
    }

    fileprivate var limitedCondition: Condition {
        if let cause = limitedBy.first(where: { !Self.drivers.contains($0) }) {
            return Condition(.scalingLimited, .true, cause.rawValue, reason)
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

    fileprivate var fallbackCondition: Condition? {
        limitedBy.contains(.fallback)
            ? Condition(.fallback, .true, "MetricsFailed", reason)
            : Condition(.fallback, .false, "MetricsAvailable", "The fallback is not in use.")
    }
}
