package import Scaling
import WireFormats

extension Condition {
    /// How long replicas may take to become ready before the condition becomes false.
    package static let replicasReadyTime: Duration = .seconds(600)

    /// - Parameter unreadySince: since when fewer replicas are ready than exist; nil while all are ready.
    package static func replicasReady(unreadySince: Timestamp?, decision: Decision) -> Condition {
        guard let readyText = decision.readyText else {
            return Condition(
                .replicasReady, .unknown, "ReadyReplicasUnknown",
                "The target's status does not report its ready replicas (readyReplicas). A metric with "
                    + "targetType Value has no effect then: use a total with targetType AverageValue.")
        }
        guard let unreadySince, decision.time - unreadySince >= replicasReadyTime else {
            return Condition(
                .replicasReady, .true, "ReplicasReady",
                "All replicas are ready, or have had less than 10 minutes to become ready.")
        }
        return Condition(
            .replicasReady, .false, "ReplicasNotReady",
            "\(readyText); some have not been ready since \(unreadySince.rfc3339(.seconds)): check the target's "
                + "pods and the capacity of the cluster.")
    }
}

extension Decision {
    func conflictCondition(_ sentence: String) -> Condition {
        limitedBy.contains(.replicasConflict)
            ? Condition(.replicasConflict, .true, Cause.replicasConflict.rawValue, sentence)
            : Condition(.replicasConflict, .false, "NoConflict", "No other client sets the target's replicas.")
    }
}
