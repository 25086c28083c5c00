import WireFormats

/// The pod objects of a workload.
struct PodObjects {
    static let resource = GroupResource(group: "", resource: "pods")

    let workload: JSON
    let kind: String
    /// In microseconds since 1970.
    let now: Int64

    /// Returns the key of the pod with that number, oldest first.
    func key(_ number: Int) -> ObjectKey {
        ObjectKey(namespace: workload.namespace, name: "\(workload.name)-\(number)")
    }

    /// - Parameters:
    ///   - old: the object as it is; nil for a new pod.
    ///   - isReady: whether the pod runs and is ready; otherwise it is pending.
    func pod(_ number: Int, old: JSON?, isReady: Bool, uid: String) -> JSON {
        let time = JSON.string(RFC3339.text(microseconds: now, precision: .seconds))
        var pod: JSON = old ?? [:]
        if old == nil {
            var metadata: JSON = [
                "name": .string(key(number).name), "namespace": .string(workload.namespace), "uid": .string(uid),
                "creationTimestamp": time,
                "ownerReferences": [
                    [
                        "apiVersion": "apps/v1", "kind": .string(kind), "name": .string(workload.name),
                        "uid": workload[at: "metadata", "uid"] ?? .null, "controller": true,
                    ]
                ],
            ]
            metadata.set(workload[at: "spec", "template", "metadata", "labels"], at: "labels")
            pod.set(metadata, at: "metadata")
            pod.set(workload[at: "spec", "template", "spec"], at: "spec")
        }
        let state: JSON = isReady ? "True" : "False"
        let before = pod[at: "status", "conditions"]?[0]
        let changed = before?["status"] == state ? before?["lastTransitionTime"] ?? time : time
        var status: JSON = [
            "phase": isReady ? "Running" : "Pending",
            "conditions": [["type": "Ready", "status": state, "lastTransitionTime": changed]],
        ]
        if isReady { status.set(pod[at: "status", "startTime"] ?? time, at: "startTime") }
        pod.set(status, at: "status")
        return pod
    }
}

extension ServerState {
    /// Creates, updates and deletes the pod objects of a workload.
    mutating func updatePods(of reference: WorkloadController.Reference, _ workload: JSON) {
        guard configuration.createsPods, reference.resource.resource != "replicasets" else { return }
        let kind = reference.resource.resource == "deployments" ? "Deployment" : "StatefulSet"
        let pods = PodObjects(workload: workload, kind: kind, now: now)
        let readiness = workloads.readiness(of: reference, now: now)
        for (number, isReady) in readiness.enumerated() {
            let old = store.object(PodObjects.resource, pods.key(number))?.json
            let pod = pods.pod(number, old: old, isReady: isReady, uid: old == nil ? configuration.makeUID() : "")
            if pod != old { store.put(PodObjects.resource, pods.key(number), pod) }
        }
        var number = readiness.count
        while store.object(PodObjects.resource, pods.key(number)) != nil {
            store.delete(PodObjects.resource, pods.key(number))
            number += 1
        }
    }
}
