package import Scaling

extension Cause {
    /// Causes that need a fix.
    package static let alarming: Set<Cause> = [
        .noData, .fallback, .partialMetrics, .stuckAtZero, .switchedOff, .duplicateTarget, .replicasConflict,
    ]
    /// Causes for which the target may have too few replicas.
    package static let bounding: Set<Cause> = [.maxReplicas, .budgetCap, .budget, .errorBudget, .notReady]
}
