import WireFormats

/// Brings older versions of the HorizontalPodAutoscaler into the shape of `autoscaling/v2`.
enum HPAShape {
    /// A metric in the shape of v2, with the paths of the source's fields for those of v2.
    struct Metric {
        let json: JSON
        /// The path of the entry in the source.
        let path: String
        /// Fields of v2 by their path in the entry, with the path in the source.
        var sources: [String: String] = [:]

        /// The path in the source of a field of v2.
        func source(_ field: String) -> String { sources[field] ?? "\(path).\(field)" }
    }

    static func metrics(of object: SourceObject) -> [Metric] {
        let spec = object.json["spec"]
        if object.version == "v1" {
            guard let percent = spec?["targetCPUUtilizationPercentage"] else { return [] }
            let json: JSON = [
                "type": "Resource",
                "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": percent]],
            ]
            let path = "spec.targetCPUUtilizationPercentage"
            return [Metric(json: json, path: path, sources: ["resource.target.averageUtilization": path])]
        }
        return (spec?["metrics"]?.arrayValue ?? []).enumerated().map { index, metric in
            let path = "spec.metrics[\(index)]"
            return object.version == "v2beta1" ? olderMetric(metric, path) : Metric(json: metric, path: path)
        }
    }

    /// The members of v2beta1 with their place in v2.
    private static let olderFields: [(old: String, new: String, type: String)] = [
        ("targetAverageUtilization", "averageUtilization", "Utilization"),
        ("targetAverageValue", "averageValue", "AverageValue"), ("averageValue", "averageValue", "AverageValue"),
        ("targetValue", "value", "Value"),
    ]

    private static func olderMetric(_ metric: JSON, _ path: String) -> Metric {
        let type = metric["type"]?.stringValue ?? ""
        let key = type.prefix(1).lowercased() + type.dropFirst()
        guard let source = metric[key] else { return Metric(json: metric, path: path) }
        var members: [String: JSON] = [:]
        var target: [String: JSON] = [:]
        var sources: [String: String] = [:]
        for field in olderFields where source[field.old] != nil && target.isEmpty {
            target = ["type": .string(field.type), field.new: source[field.old] ?? .null]
            sources["\(key).target.\(field.new)"] = "\(path).\(key).\(field.old)"
        }
        members["target"] = .object(target)
        for field in ["name", "container"] where source[field] != nil { members[field] = source[field] }
        if let name = source["metricName"] {
            let selector = source["selector"] ?? source["metricSelector"]
            members["metric"] = .object(["name": name].merging(selector.map { ["selector": $0] } ?? [:]) { $1 })
            sources["\(key).metric.name"] = "\(path).\(key).metricName"
            let selectorName = source["selector"] != nil ? "selector" : "metricSelector"
            sources["\(key).metric.selector"] = "\(path).\(key).\(selectorName)"
        }
        if type == "Object", let described = source["target"] {
            members["describedObject"] = described
            sources["object.describedObject"] = "\(path).object.target"
        }
        return Metric(json: ["type": .string(type), key: .object(members)], path: path, sources: sources)
    }
}
