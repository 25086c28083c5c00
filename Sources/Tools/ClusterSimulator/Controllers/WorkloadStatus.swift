import WireFormats

/// Writes the status of a workload like its real controller, which omits some counts of 0.
struct WorkloadStatus {
    struct Counts {
        let replicas: Int
        let ready: Int
        let isRolledOut: Bool

        var updated: Int { isRolledOut ? replicas : 0 }
    }

    private let object: JSON
    private let plural: String
    private let time: String

    init(_ object: JSON, _ plural: String, _ time: String) {
        self.object = object
        self.plural = plural
        self.time = time
    }

    func status(_ counts: Counts) -> JSON {
        var status: JSON = [:]
        status.set(object[at: "metadata", "generation"], at: "observedGeneration")
        func set(_ name: String, _ value: Int) {
            if value > 0 { status.set(JSON(value), at: name) }
        }
        set("readyReplicas", counts.ready)
        set("availableReplicas", counts.ready)
        switch plural {
        case "deployments":
            set("replicas", counts.replicas)
            // A first rollout has no older pods: all pods have the current template.
            set("updatedReplicas", isFirstRollout ? counts.replicas : counts.updated)
            set("unavailableReplicas", counts.replicas - counts.ready)
            status.set(0, at: "terminatingReplicas")
            status.set(conditions(counts), at: "conditions")
        case "statefulsets":
            status.set(JSON(counts.replicas), at: "replicas")
            status.set(JSON(counts.ready), at: "availableReplicas")
            set("currentReplicas", counts.replicas)
            set("updatedReplicas", counts.updated)
        default:
            status.set(JSON(counts.replicas), at: "replicas")
            set("fullyLabeledReplicas", counts.replicas)
        }
        return status
    }

    private var isFirstRollout: Bool {
        ["1", nil].contains(object.string("metadata", "annotations", "deployment.kubernetes.io/revision"))
    }

    private func conditions(_ counts: Counts) -> JSON {
        let wanted = object.int("spec", "replicas") ?? 1
        let isAvailable = counts.ready >= wanted - maxUnavailable(wanted)
        let isComplete = counts.isRolledOut && counts.ready == counts.replicas
        return [
            condition(
                "Available", isAvailable,
                isAvailable ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                isAvailable
                    ? "Deployment has minimum availability." : "Deployment does not have minimum availability."),
            condition(
                "Progressing", true, isComplete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                isComplete ? "ReplicaSet has successfully progressed." : "ReplicaSet is progressing."),
        ]
    }

    private func condition(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) -> JSON {
        let state: JSON = isTrue ? "True" : "False"
        let old = object[at: "status", "conditions"]?.arrayValue?.first { $0.string("type") == type }
        var condition: JSON = [
            "type": .string(type), "status": state, "reason": .string(reason), "message": .string(message),
            "lastUpdateTime": .string(time), "lastTransitionTime": .string(time),
        ]
        if let old, old["status"] == state {
            condition.set(old["lastTransitionTime"], at: "lastTransitionTime")
            if old["reason"] == condition["reason"] { condition.set(old["lastUpdateTime"], at: "lastUpdateTime") }
        }
        return condition
    }

    private func maxUnavailable(_ wanted: Int) -> Int {
        let value = object[at: "spec", "strategy", "rollingUpdate", "maxUnavailable"]
        if let percent = value?.stringValue?.dropLast(), let percent = Int(percent) { return wanted * percent / 100 }
        return value?.intValue ?? 0
    }
}
