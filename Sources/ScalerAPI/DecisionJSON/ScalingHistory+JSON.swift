import Scaling
import WireFormats

extension ScalingHistory {
    /// Reads a history in the format of `decide`: the fields of a GeneralScaler's status, the recommendations of the
    /// stabilization windows, and the operator's other state between polls.
    init(_ history: JSONReader, safety: SafetyLimits) throws(JSONPathError) {
        try history.rejectUnknown(
            "lastScaleUpTime", "lastScaleDownTime", "lastActiveTime", "scaledToZero", "pendingScale",
            "recommendations", "lastOutsideChangeTime", "currentReplicas", "seenAboveZero", "failures",
            "errorBudgetHeldSince"
        )
        let isSeenAboveZero = try history.optional("seenAboveZero")?.bool()
        let seen = try history.optional("currentReplicas")?.int(in: GeneralScalerSpec.Limits.replicas)
        self.init(
            lastScaleUpTime: try history.optional("lastScaleUpTime")?.time(),
            lastScaleDownTime: try history.optional("lastScaleDownTime")?.time(),
            lastOutsideChangeTime: try history.optional("lastOutsideChangeTime")?.time(),
            lastActiveTime: try history.optional("lastActiveTime")?.time(),
            scaledToZero: try history.optional("scaledToZero")?.bool() ?? false,
            pendingScale: try history.optional("pendingScale").map { pending throws(JSONPathError) in
                try PendingScale(pending)
            },
            lastSeenReplicas: seen,
            hasSeenReplicas: isSeenAboveZero ?? false
        )
        // Every scaling event has a count above 0 on one side.
        if isSeenAboveZero == nil, lastScaleTime != nil { hasSeenReplicas = true }
        var recommendations: [PastRecommendation] = []
        for entry in try history.optional("recommendations")?.elements() ?? [] {
            try entry.rejectUnknown("at", "replicas")
            recommendations.append(
                PastRecommendation(
                    at: try entry.required("at").time(),
                    replicas: try entry.required("replicas").int(in: GeneralScalerSpec.Limits.replicas)
                ))
        }
        restoreRecommendations(recommendations, safety: safety)
        var failures: [String: FailureStreak] = [:]
        for entry in try history.optional("failures")?.elements() ?? [] {
            try entry.rejectUnknown("name", "polls", "since")
            failures[try entry.required("name").string()] = FailureStreak(
                polls: try entry.required("polls").int(in: GeneralScalerSpec.Limits.replicas),
                since: try entry.required("since").time()
            )
        }
        restore(failures: failures, errorBudgetHeldSince: try history.optional("errorBudgetHeldSince")?.time())
    }

    /// The history as JSON with microsecond precision, so that it round-trips. Fields without a value are omitted.
    var json: JSON {
        let times = [
            "lastScaleUpTime": lastScaleUpTime, "lastScaleDownTime": lastScaleDownTime,
            "lastActiveTime": lastActiveTime, "lastOutsideChangeTime": lastOutsideChangeTime,
            "errorBudgetHeldSince": errorBudgetHeldSince,
        ]
        var history = times.compactMapValues { $0.map(JSON.exact) }
        if scaledToZero { history["scaledToZero"] = true }
        if hasSeenReplicas { history["seenAboveZero"] = true }
        if let lastSeenReplicas { history["currentReplicas"] = .integer(Int64(lastSeenReplicas)) }
        if let pendingScale { history["pendingScale"] = pendingScale.json }
        history["recommendations"] = .array(
            recommendations.map { ["at": .exact($0.at), "replicas": .integer(Int64($0.replicas))] })
        if !failures.isEmpty {
            history["failures"] = .array(
                failures.sorted { $0.key < $1.key }.map { name, streak in
                    ["name": .string(name), "polls": .integer(Int64(streak.polls)), "since": .exact(streak.since)]
                })
        }
        return .object(history)
    }
}

extension ScalingHistory.PendingScale {
    fileprivate init(_ pending: JSONReader) throws(JSONPathError) {
        try pending.rejectUnknown("from", "to", "at", "startsCooldown")
        self.init(
            from: try pending.required("from").int(in: GeneralScalerSpec.Limits.replicas),
            to: try pending.required("to").int(in: GeneralScalerSpec.Limits.replicas),
            at: try pending.required("at").time(),
            startsCooldown: try pending.optional("startsCooldown")?.bool() ?? true
        )
    }

    var json: JSON {
        [
            "from": .integer(Int64(from)), "to": .integer(Int64(to)), "at": .exact(at),
            "startsCooldown": .bool(startsCooldown),
        ]
    }
}

extension JSON {
    fileprivate static func exact(_ time: Timestamp) -> JSON { .string(time.rfc3339(.microseconds)) }
}
