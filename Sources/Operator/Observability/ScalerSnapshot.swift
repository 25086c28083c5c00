import ScalerAPI
import Scaling

/// A snapshot of one scaler for metrics.
struct ScalerSnapshot: Sendable {
    let identity: ObjectIdentity
    /// What the spec allows; nil for an invalid spec.
    let bounds: ClosedRange<Int>?
    /// Nil before the first decision.
    let decision: Decision?
    /// The last poll could not decide, so that ``decision`` is of an earlier one.
    let isBlocked: Bool
    let conditions: [RecordedCondition]
    /// Failed polls since this replica started to manage the scaler.
    let errors: [Blocker.Reason: Int]
}

/// A snapshot of the controller for metrics.
struct ControllerSnapshot: Sendable {
    let scalers: [ScalerSnapshot]
    let leads: Bool
    /// Polls that are due or under way.
    let queueDepth: Int
}
