import Scaling

/// What one scaler looks like from outside at one moment.
struct ScalerSnapshot: Sendable {
    let identity: ObjectIdentity
    /// Nil before the first decision.
    let decision: Decision?
    let conditions: [RecordedCondition]
}
