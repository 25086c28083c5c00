import WireFormats

/// Metrics that a metrics adapter of the cluster answers, read through the API server.
enum AdapterMetric {
    private static let customType = "kubernetes-custom"
    private static let externalType = "kubernetes-external"

    static func pods(_ name: String, _ selector: JSON?) -> MetricDraft {
        var metric = draft(customType, name)
        if let text = text(selector) { metric.set("metricSelector", .string(text)) }
        return metric
    }

    static func object(_ name: String, _ selector: JSON?, _ described: JSON?) -> MetricDraft {
        var metric = pods(name, selector)
        let kind = described?["kind"]?.stringValue ?? ""
        let apiVersion = described?["apiVersion"]?.stringValue ?? "v1"
        let group = apiVersion.contains("/") ? ".\(apiVersion.prefix { $0 != "/" })" : ""
        metric.set("object.resource", .string("\(plural(kind))\(group)"))
        if kind != "Namespace", let name = described?["name"] { metric.set("object.name", name) }
        return metric
    }

    static func external(_ name: String, _ selector: JSON?) -> MetricDraft {
        var metric = draft(externalType, name)
        if let text = text(selector) { metric.set("selector", .string(text)) }
        return metric
    }

    private static func draft(_ type: String, _ name: String) -> MetricDraft {
        var metric = MetricDraft()
        metric.type = type
        metric.set("metric", .string(name))
        return metric
    }

    /// Returns the resource of a kind by the rules of English that Kubernetes follows.
    private static func plural(_ kind: String) -> String {
        let name = kind.lowercased()
        if ["s", "x", "ch", "sh"].contains(where: { name.hasSuffix($0) }) { return "\(name)es" }
        if name.hasSuffix("y"), !name.hasSuffix("ay"), !name.hasSuffix("ey") { return "\(name.dropLast())ies" }
        return "\(name)s"
    }

    /// Returns a selector as text, such as `queue=orders,tier in (a,b)`; nil if it selects everything.
    static func text(_ selector: JSON?) -> String? {
        let labels = selector?["matchLabels"]?.objectValue ?? [:]
        let equal = labels.keys.sorted().map { "\($0)=\(labels[$0]?.stringValue ?? "")" }
        let expressions = (selector?["matchExpressions"]?.arrayValue ?? []).compactMap { expression -> String? in
            guard let key = expression["key"]?.stringValue else { return nil }
            let values = (expression["values"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ",")
            return switch expression["operator"]?.stringValue {
            case "In": "\(key) in (\(values))"
            case "NotIn": "\(key) notin (\(values))"
            case "Exists": key
            case "DoesNotExist": "!\(key)"
            default: nil
            }
        }
        let all = equal + expressions
        return all.isEmpty ? nil : all.joined(separator: ",")
    }
}
