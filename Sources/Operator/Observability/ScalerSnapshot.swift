import ScalerAPI
import Scaling

/// A snapshot of one scaler for metrics.
struct ScalerSnapshot: Sendable {
    let identity: ObjectIdentity
    /// The bounds in the spec; nil for an invalid spec.
    let bounds: ClosedRange<Int>?
    /// The last decision; nil before the first.
    let decision: Decision?
    /// Whether the last poll could not decide, so that ``decision`` is from an earlier one.
    let isBlocked: Bool
    let conditions: [RecordedCondition]
    /// Failed polls since this replica started to manage the scaler.
    let errors: [Blocker.Reason: Int]
    /// Since when no forecast may add replicas; nil while one may, and without forecasts.
    var forecastInactiveSince: Timestamp?
}

/// A snapshot of the controller for metrics.
struct ControllerSnapshot: Sendable {
    let scalers: [ScalerSnapshot]
    var budgets: [BudgetSnapshot] = []
    let leads: Bool
    /// Polls that are due or in progress.
    let queueDepth: Int
}
