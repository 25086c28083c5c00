import WireFormats

enum KubernetesTriggers {
    /// The metric type for CPU and memory of pods.
    static let resourceType = "kubernetes-resource"
    /// The metric type for numbers of objects.
    static let objectsType = "kubernetes-objects"

    static let resources = TriggerRules(
        types: ["cpu", "memory"], metricType: resourceType,
        fields: [
            FieldRule(["value"]) { trigger, value in
                guard let number = value.text.flatMap(Quantity.number), number > 0 else {
                    return .notConvertible(nearest: "set `targetValue`, a number above 0")
                }
                trigger.metric.targetValue = number
                return .converted(to: "\(trigger.place).targetValue")
            },
            FieldRule(["type"]) { trigger, value in
                trigger.parts["type"] = value
                return .converted(to: "\(trigger.place).targetType")
            },
            .text("containerName", to: "container"),
            FieldRule(["activationValue"]) { _, _ in
                .different(to: "", meaning: "CPU and memory do not start a target at 0 replicas, also in KEDA")
            },
        ],
        finish: { trigger in
            trigger.metric.set("resource", .string(trigger.type))
            let type = trigger.json["metricType"]?.stringValue ?? trigger.parts["type"]?.text ?? "Utilization"
            ResourceMetric.set(type, in: &trigger.metric)
        })

    static let workload = TriggerRules(
        types: ["kubernetes-workload"], metricType: objectsType,
        fields: [
            .text("podSelector", to: "selector"), .target("value"), .activation("activationValue"),
        ],
        finish: { trigger in
            trigger.metric.set("resource", "pods")
            // KEDA does not count pods that have ended.
            trigger.metric.set("fields", "status.phase!=Succeeded,status.phase!=Failed")
        })
}

/// The target of CPU and memory.
enum ResourceMetric {
    /// - Parameter type: `Utilization`, a percentage of the requests, or `AverageValue`, cores or bytes for each pod.
    static func set(_ type: String, in metric: inout MetricDraft) {
        metric.set("measure", type == "AverageValue" ? "AverageValue" : "Utilization")
        // Both measures are per pod.
        metric.targetType = "Value"
    }
}
