package import Scaling
package import WireFormats

/// The last decision in short texts, for the columns of `kubectl get`.
package struct StatusSummary: Sendable, Hashable {
    /// Value and target of the metric that asks for the most replicas, such as `350/100`.
    package var metric: String?
    /// Current and desired replicas, such as `3/5`.
    package var replicas: String?
    /// The first cause that held or limited the decision and the number of further ones, or the reason why nothing can
    /// be decided.
    package var limitedBy: String?

    /// Causes that drove the decision, and the tolerance, which changes with noise and without a new status.
    private static let drivers: Set<Cause> = [.tolerance, .boundsJump, .activation, .toZero, .schedule, .forecast]

    /// - Parameter current: the replicas that the target is set to now, if known.
    package init(_ decision: Decision?, current: Int?, blocker: Blocker?) {
        if let decision {
            metric = decision.leader.map(Self.text)
            replicas = "\(current ?? decision.current)/\(decision.desired)"
        }
        if let blocker {
            limitedBy = blocker.reason.rawValue
        } else if let decision {
            let causes = decision.limitedBy.filter { !Self.drivers.contains($0) }
            limitedBy = causes.first.map { causes.count > 1 ? "\($0.rawValue) +\(causes.count - 1)" : $0.rawValue }
        }
    }

    private static func text(_ metric: MetricRecord) -> String {
        let value = metric.observation.value?.shortText ?? "<unknown>"
        return "\(value)/\(metric.target.shortText)" + (metric.targetType == .averageValue ? " each" : "")
    }

    /// For a merge patch: texts that do not exist are removed.
    package var json: JSON {
        [
            "metric": metric.map(JSON.string) ?? .null, "replicas": replicas.map(JSON.string) ?? .null,
            "limitedBy": limitedBy.map(JSON.string) ?? .null,
        ]
    }
}

extension ScalerStatus {
    var summary: StatusSummary {
        StatusSummary(decision, current: history.lastSeenReplicas, blocker: blocker)
    }
}
