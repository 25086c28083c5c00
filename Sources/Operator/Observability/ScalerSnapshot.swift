import ScalerAPI
import Scaling

/// What one scaler looks like from outside at one moment.
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

/// What the controller looks like from outside at one moment.
struct ControllerSnapshot: Sendable {
    let scalers: [ScalerSnapshot]
    let leads: Bool
    /// Polls that are due or under way.
    let queueDepth: Int
}
