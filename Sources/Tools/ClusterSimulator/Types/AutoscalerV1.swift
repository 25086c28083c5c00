import WireFormats

/// Horizontal pod autoscalers in autoscaling/v1, which `kubectl autoscale` before 1.33 creates. They are stored as v2.
/// Fields that v1 does not have are in an annotation.
enum AutoscalerV1 {
    private static let annotation = "autoscaling.alpha.kubernetes.io/metrics"

    static func type(_ current: ResourceType) -> ResourceType {
        var type = current
        type.version = "v1"
        type.schema = S.kind(
            [
                "spec": S.object(
                    [
                        "maxReplicas": S.int32(min: 1), "minReplicas": S.int32(default: 1, min: 1),
                        "targetCPUUtilizationPercentage": S.int32(min: 1),
                        "scaleTargetRef": S.atomic(
                            S.object(
                                ["apiVersion": S.string, "kind": S.string, "name": S.string],
                                required: ["kind", "name"])),
                    ], required: ["maxReplicas", "scaleTargetRef"]),
                "status": S.opaque,
            ], required: ["spec"])
        type.strategy.served = served
        type.strategy.stored = stored
        return type
    }

    private static func served(_ object: JSON) -> JSON {
        var object = object
        let metrics = object[at: "spec", "metrics"]?.arrayValue ?? []
        let others = metrics.filter { utilization($0) == nil }
        object.set(nil, at: "spec", "metrics")
        object.set(metrics.lazy.compactMap(utilization).first, at: "spec", "targetCPUUtilizationPercentage")
        if !others.isEmpty {
            object.set(.string(JSON.array(others).description), at: "metadata", "annotations", annotation)
        }
        return object
    }

    private static func stored(_ object: JSON) -> JSON {
        var object = object
        var metrics: [JSON] = []
        if let percentage = object[at: "spec", "targetCPUUtilizationPercentage"] {
            metrics.append([
                "type": "Resource",
                "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": percentage]],
            ])
        }
        if let text = object.string("metadata", "annotations", annotation) {
            metrics += (try? JSON(parsing: text))?.arrayValue ?? []
            object.set(nil, at: "metadata", "annotations", annotation)
        }
        object.set(nil, at: "spec", "targetCPUUtilizationPercentage")
        if !metrics.isEmpty { object.set(.array(metrics), at: "spec", "metrics") }
        return object
    }

    /// Returns the percentage of a metric for CPU utilization.
    private static func utilization(_ metric: JSON) -> JSON? {
        guard metric.string("type") == "Resource", metric.string("resource", "name") == "cpu" else { return nil }
        return metric[at: "resource", "target", "averageUtilization"]
    }
}
