import Scaling

/// What one scaler looks like from outside at one moment.
struct ScalerSnapshot: Sendable {
    let identity: ObjectIdentity
    /// Nil before the first decision.
    let decision: Decision?
    let conditions: [RecordedCondition]
    /// Polls that came to nothing, since this replica looks after the scaler.
    let errors: [Blocker.Reason: Int]
}

/// What the controller looks like from outside at one moment.
struct ControllerSnapshot: Sendable {
    let scalers: [ScalerSnapshot]
    let leads: Bool
    /// Polls that are due or under way.
    let queueDepth: Int
}
