import ScalerAPI
import WireFormats

/// A GeneralScaler under construction. Always in dry run.
struct ScalerDraft {
    var metadata: JSON = [:]
    var minReplicas = 1
    var maxReplicas = 1
    var pollingIntervalSeconds: Int?
    var isPaused = false
    /// `targetDeployment` or `targetRef`.
    var target: [String: JSON] = [:]
    var metrics: [MetricDraft] = []
    /// Whether the other metrics are inputs of the last one, a formula.
    var hasFormula = false
    var safety: [String: JSON] = [:]
    var policyConfig: [String: JSON] = [:]
    var fallback: [String: JSON] = [:]
    var schedules: [JSON] = []
    var forecast: [String: JSON] = [:]

    /// Sets the target from `scaleTargetRef`, and marks its fields.
    mutating func setTarget(_ ledger: FieldLedger) {
        let path = "spec.scaleTargetRef"
        let reference = ledger.object.json["spec"]?["scaleTargetRef"]
        let name = reference?["name"]?.stringValue ?? reference?["deploymentName"]?.stringValue ?? ""
        let kind = reference?["kind"]?.stringValue ?? "Deployment"
        let apiVersion = reference?["apiVersion"]?.stringValue ?? "apps/v1"
        if kind == "Deployment" {
            target = ["targetDeployment": .string(name)]
            for field in ["name", "kind", "apiVersion", "deploymentName"] where reference?[field] != nil {
                ledger.converted("\(path).\(field)", to: "spec.targetDeployment")
            }
            return
        }
        target = ["targetRef": ["apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name)]]
        let isKnown = kind == "StatefulSet"
        for field in ["name", "kind", "apiVersion"] where reference?[field] != nil {
            let place = "spec.targetRef.\(field)"
            if field == "kind", !isKnown {
                ledger.different(
                    "\(path).kind", to: place,
                    "the operator needs the right to scale this kind: docs/how-to/install.md, \"Allow other target kinds\""
                )
            } else {
                ledger.converted("\(path).\(field)", to: place)
            }
        }
    }

    /// Names that are unique among the metrics.
    func freeName(_ wanted: String) -> String {
        var name = MetricName.valid(wanted)
        var number = 2
        while metrics.contains(where: { $0.name == name }) {
            name = "\(MetricName.valid(wanted).prefix(MetricName.maxLength - 4))-\(number)"
            number += 1
        }
        return name
    }

    var json: JSON {
        var spec: [String: JSON] = target
        spec["mode"] = "DryRun"
        spec["minReplicas"] = .integer(Int64(minReplicas))
        spec["maxReplicas"] = .integer(Int64(maxReplicas))
        if let pollingIntervalSeconds { spec["pollingIntervalSeconds"] = .integer(Int64(pollingIntervalSeconds)) }
        if isPaused { spec["paused"] = true }
        spec["metrics"] = .array(
            metrics.enumerated().map { index, metric in
                metric.json(isInput: hasFormula && index < metrics.count - 1)
            })
        if !safety.isEmpty { spec["safety"] = .object(safety) }
        if !policyConfig.isEmpty { spec["policy"] = ["type": "slo", "config": .object(policyConfig)] }
        if !fallback.isEmpty { spec["fallback"] = .object(fallback) }
        if !schedules.isEmpty { spec["schedules"] = .array(schedules) }
        if !forecast.isEmpty { spec["forecast"] = .object(forecast) }
        return [
            "apiVersion": .string(GeneralScaler.apiVersion), "kind": .string(GeneralScaler.kind),
            "metadata": metadata, "spec": .object(spec),
        ]
    }
}

/// Names of metrics and schedules.
enum MetricName {
    static let maxLength = 63

    /// Replaces characters that a name cannot have.
    static func valid(_ text: String) -> String {
        let mapped = text.map { character -> Character in
            character.isASCII && (character.isLetter || character.isNumber || "-._".contains(character))
                ? character : "-"
        }
        let isEdge: (Character) -> Bool = { "-._".contains($0) }
        let trimmed = String(mapped.prefix(maxLength)).drop(while: isEdge)
        let name = String(trimmed.reversed().drop(while: isEdge).reversed())
        return name.isEmpty ? "metric" : name
    }
}
