package import Scaling
package import WireFormats

/// `status` of a GeneralScaler: the last decision and the state for the next.
package struct ScalerStatus: Sendable {
    package var conditions: [RecordedCondition]
    package var observedGeneration: Int
    package var target: TargetReference?
    /// The UID of the target; nil before it was first read.
    package var targetUID: String?
    /// The target's name in the stored status.
    package private(set) var targetName: String?
    /// From a stored status: the last time at which the scaler was known to scale the target, the earliest possible
    /// time if there was none; nil if another scaler owned the target.
    package private(set) var heldTargetAt: Timestamp?
    /// The last decision; nil before the first decision and for a stored status.
    package var decision: Decision?
    /// The reason why there is no newer decision; nil if the last one is current.
    package var blocker: Blocker?
    package var history: ScalingHistory

    package init(
        conditions: [RecordedCondition] = [],
        observedGeneration: Int = 0,
        target: TargetReference? = nil,
        targetUID: String? = nil,
        decision: Decision? = nil,
        blocker: Blocker? = nil,
        history: ScalingHistory = ScalingHistory(),
        startup: Duration? = nil,
        forecastInactiveSince: Timestamp? = nil,
        unconfirmedReplicas: Int? = nil
    ) {
        self.conditions = conditions
        self.observedGeneration = observedGeneration
        self.target = target
        self.targetUID = targetUID
        self.decision = decision
        self.blocker = blocker
        self.history = history
        self.startup = startup
        self.forecastInactiveSince = forecastInactiveSince
        self.unconfirmedReplicas = unconfirmedReplicas
    }

    /// Reads the state for a restart. The operator wrote it, so malformed fields count as absent.
    package init(reading json: JSON) {
        func time(_ field: String) -> Timestamp? { json[field]?.stringValue.flatMap(Timestamp.init(rfc3339:)) }
        let seen = json["currentReplicas"]?.intValue
        let limitedBy = json["limitedBy"]?.arrayValue ?? []
        var pending: ScalingHistory.PendingScale?
        if let from = json["pendingScale"]?["from"]?.intValue, let to = json["pendingScale"]?["to"]?.intValue,
            let at = json["pendingScale"]?["at"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        {
            pending = ScalingHistory.PendingScale(
                from: from, to: to, at: at, startsCooldown: json["pendingScale"]?["startsCooldown"] != false)
        }
        conditions = (json["conditions"]?.arrayValue ?? []).compactMap(RecordedCondition.init)
        observedGeneration = json["observedGeneration"]?.intValue ?? 0
        targetName = json["targetName"]?.stringValue
        targetUID = json["targetUID"]?.stringValue
        let scaledAt = [time("lastScaleUpTime"), time("lastScaleDownTime")].compactMap(\.self).max()
        let isDecided = json["lastDecisionTime"]?.stringValue != nil
        if isDecided, !limitedBy.contains(.string(Cause.duplicateTarget.rawValue)) {
            heldTargetAt = scaledAt ?? Timestamp(microsecondsSince1970: .min)
        }
        startup = json["forecast"]?["startupSeconds"]?.intValue.map { .seconds($0) }
        forecastInactiveSince = json["forecast"]?["inactiveSince"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        unconfirmedReplicas = json["unconfirmedReplicas"]?.intValue
        // In a status from before this field existed, other fields imply it.
        let showsReplicas =
            seen.map { $0 > 0 } ?? false || scaledAt != nil
            || limitedBy.contains(.string(Cause.switchedOff.rawValue))
        history = ScalingHistory(
            lastScaleUpTime: time("lastScaleUpTime"),
            lastScaleDownTime: time("lastScaleDownTime"),
            lastOutsideChangeTime: time("lastOutsideChangeTime"),
            // Written when the scaler became idle. For a scaler that was active, the next poll sets it.
            lastActiveTime: json["idle"] == true ? time("lastActiveTime") : nil,
            scaledToZero: json["scaledToZero"] == true,
            pendingScale: pending,
            lastSeenReplicas: seen,
            hasSeenReplicas: targetUID == nil ? showsReplicas : json["seenAboveZero"] == true
        )
    }

    /// The measured time from a scale-up until all replicas are ready; nil until it was measured.
    package var startup: Duration?
    /// Since when no forecast may add replicas; nil while one may, and without forecasts.
    package var forecastInactiveSince: Timestamp?
    /// The most replicas that scale operations without a response may still set; nil if there are none.
    package var unconfirmedReplicas: Int?

    /// The forecast that asks for most, of those that may add replicas if there are any.
    private func forecast(_ forecasts: [ForecastRecord]) -> JSON {
        let leading = forecasts.max { ($0.isActive ? 1 : 0, $0.replicas) < ($1.isActive ? 1 : 0, $1.replicas) }
        // A decision without data has no forecast, and the time stays.
        guard leading != nil || forecastInactiveSince != nil else { return .null }
        return [
            "active": .bool(leading?.isActive ?? false), "reason": leading.map { .string($0.reason) } ?? .null,
            "metric": leading.map { .string($0.metric) } ?? .null,
            "skill": leading?.forecast.skill.map(JSON.number) ?? .null,
            "horizonSeconds": leading.map { .integer($0.forecast.horizon.components.seconds) } ?? .null,
            "expected": leading.map { .number($0.forecast.expected) } ?? .null,
            "upper": leading.map { .number($0.forecast.upper) } ?? .null,
            "replicas": leading.map { .integer(Int64($0.replicas)) } ?? .null,
            "startupSeconds": startup.map { .integer($0.components.seconds) } ?? .null,
            "inactiveSince": forecastInactiveSince.map { .string($0.rfc3339(.seconds)) } ?? .null,
        ]
    }

    /// The merge patch that sets the object's status to this one; fields without a value are removed.
    package var mergePatch: JSON {
        func time(_ time: Timestamp?) -> JSON { time.map { .string($0.rfc3339(.exact)) } ?? .null }
        var status: [String: JSON] = [
            "observedGeneration": .integer(Int64(observedGeneration)),
            "conditions": .array(conditions.map(\.json)),
            "targetName": target.map { .string($0.description) } ?? .null,
            "targetUID": targetUID.map(JSON.string) ?? .null,
            "seenAboveZero": history.hasSeenReplicas ? true : .null,
            "lastScaleUpTime": time(history.lastScaleUpTime),
            "lastScaleDownTime": time(history.lastScaleDownTime),
            "lastOutsideChangeTime": time(history.lastOutsideChangeTime),
            "lastActiveTime": time(history.lastActiveTime),
            "scaledToZero": history.scaledToZero ? true : .null,
            "pendingScale": history.pendingScale.map(\.json) ?? .null,
            "unconfirmedReplicas": unconfirmedReplicas.map { .integer(Int64($0)) } ?? .null,
            "summary": summary.json,
        ]
        if let decision {
            status["currentReplicas"] = .integer(Int64(history.lastSeenReplicas ?? decision.current))
            status["readyReplicas"] = decision.ready.map { .integer(Int64($0)) } ?? .null
            status["recommendedReplicas"] = .integer(Int64(decision.recommended))
            status["desiredReplicas"] = .integer(Int64(decision.desired))
            status["reason"] = .string(decision.reason)
            status["limitedBy"] = .array(decision.limitedBy.map { .string($0.rawValue) })
            status["metrics"] = .array(decision.metrics.map(\.json))
            status["inputs"] = decision.inputs.isEmpty ? .null : .array(decision.inputs.map(\.json))
            status["schedules"] = decision.scheduled.isEmpty ? .null : .array(decision.scheduled.map(\.json))
            status["forecast"] = forecast(decision.forecasts)
            status["idle"] = .bool(decision.isIdle)
            status["lastDecisionTime"] = .string(decision.time.rfc3339())
        }
        if let blocker { status["reason"] = .string(blocker.message) }
        return ["status": .object(status)]
    }
}
