package import Scaling
import WireFormats

/// An entry of `status.conditions`.
package struct Condition: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The spec is valid and in effect.
        case ready = "Ready"
        /// Metrics drive the replicas: at least one metric has a value, and nothing holds the scaler.
        case scalingActive = "ScalingActive"
        /// The target exists and its replicas can be read and set.
        case ableToScale = "AbleToScale"
        /// A limit changed the policy's recommendation.
        case scalingLimited = "ScalingLimited"
        /// The cost of the replicas is within the budget. Set for the cost policy.
        case withinBudget = "WithinBudget"
        /// The metrics have failed for long enough that the fallback's recommendation applies.
        case fallback = "Fallback"
        /// Another client also sets the target's replicas.
        case replicasConflict = "ReplicasConflict"
        /// The target's replicas become ready in time.
        case replicasReady = "ReplicasReady"
        /// All plugins of the metrics are running.
        case pluginsHealthy = "PluginsHealthy"
    }

    package enum Status: String, Sendable, CaseIterable {
        case `true` = "True"
        case `false` = "False"
        case unknown = "Unknown"
    }

    package var kind: Kind
    package var status: Status
    /// The reason: one CamelCase word, machine-readable.
    package var reason: String
    /// The meaning and the fix, for users.
    package var message: String

    package init(_ kind: Kind, _ status: Status, _ reason: String, _ message: String) {
        self.kind = kind
        self.status = status
        self.reason = reason
        self.message = message
    }

    /// Whether two conditions are equal apart from live values in the message.
    package func isSame(as other: Condition) -> Bool {
        kind == other.kind && status == other.status && reason == other.reason
    }
}

/// A condition as stored in an object's status.
package struct RecordedCondition: Sendable, Hashable {
    package var condition: Condition
    /// When ``Condition/status`` last changed.
    package var lastTransitionTime: Timestamp
    package var observedGeneration: Int
}

extension [RecordedCondition] {
    /// Returns the current conditions, each with the time of its last change of status.
    func updated(with conditions: [Condition], generation: Int, now: Timestamp) -> [RecordedCondition] {
        conditions.map { condition in
            let previous = first { $0.condition.kind == condition.kind }
            let isUnchanged = previous?.condition.status == condition.status
            return RecordedCondition(
                condition: condition,
                lastTransitionTime: isUnchanged ? previous?.lastTransitionTime ?? now : now,
                observedGeneration: generation
            )
        }
    }
}

extension RecordedCondition {
    init?(_ json: JSON) {
        guard let kind = json["type"]?.stringValue.flatMap(Condition.Kind.init),
            let status = json["status"]?.stringValue.flatMap(Condition.Status.init),
            let time = json["lastTransitionTime"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        condition = Condition(
            kind, status, json["reason"]?.stringValue ?? "", json["message"]?.stringValue ?? ""
        )
        lastTransitionTime = time
        observedGeneration = json["observedGeneration"]?.intValue ?? 0
    }

    var json: JSON {
        [
            "type": .string(condition.kind.rawValue), "status": .string(condition.status.rawValue),
            "reason": .string(condition.reason), "message": .string(condition.message),
            "lastTransitionTime": .string(lastTransitionTime.rfc3339(.seconds)),
            "observedGeneration": .integer(Int64(observedGeneration)),
        ]
    }
}
