import Scaling
import WireFormats

/// Reads `spec.policy`.
struct PolicyParser {
    /// Nil where the metrics could not be read, so that names cannot be checked.
    let metricNames: [String]?

    private enum Kind: String, CaseIterable {
        case slo
        case cost
    }

    func policy(_ spec: JSONReader) throws(JSONPathError) -> any ScalingPolicy {
        guard let policy = try spec.optional("policy") else { return SLOPolicy() }
        let kind = try policy.optional("type")?.oneOf(Kind.self) ?? .slo
        let config = try policy.optional("config") ?? JSONReader([:], path: "\(policy.path).config")
        switch kind {
        case .slo:
            try config.rejectUnknown("tolerance", "scaleUpTolerance", "scaleDownTolerance", "objective")
            return try slo(config)
        case .cost:
            try config.rejectUnknown(
                "maxCostPerHour", "costPerPodPerHour", "tolerance", "scaleUpTolerance", "scaleDownTolerance",
                "objective"
            )
            return try cost(config)
        }
    }

    private func slo(_ config: JSONReader) throws(JSONPathError) -> SLOPolicy {
        let both = try tolerance(config, "tolerance") ?? SLOPolicy.defaultTolerance
        return SLOPolicy(
            scaleUpTolerance: try tolerance(config, "scaleUpTolerance") ?? both,
            scaleDownTolerance: try tolerance(config, "scaleDownTolerance") ?? both,
            objective: try objective(config)
        )
    }

    private func tolerance(_ config: JSONReader, _ field: String) throws(JSONPathError) -> Double? {
        guard let tolerance = try config.optional(field) else { return nil }
        let value = try tolerance.double()
        guard value >= 0, value < 1 else { throw tolerance.error("must be at least 0 and below 1, such as 0.1") }
        return value
    }

    private func objective(_ config: JSONReader) throws(JSONPathError) -> ErrorBudget? {
        guard let objective = try config.optional("objective") else { return nil }
        let percent = try objective.required("percent")
        let value = try percent.double()
        guard value > 0, value < 100 else { throw percent.error("must be above 0 and below 100, such as 99.9") }
        return ErrorBudget(
            metric: try metricName(objective, "metric"), longMetric: try metricName(objective, "longMetric"),
            percent: value
        )
    }

    private func metricName(_ objective: JSONReader, _ field: String) throws(JSONPathError) -> String {
        let reader = try objective.required(field)
        let name = try reader.nonEmptyString()
        if let metricNames, !metricNames.contains(name) {
            throw reader.error("\"\(name)\" is no metric of this scaler; it has \(metricNames.joined(separator: ", "))")
        }
        return name
    }

    private func cost(_ config: JSONReader) throws(JSONPathError) -> CostPolicy {
        let price = try positive(config, "costPerPodPerHour")
        let budget = try positive(config, "maxCostPerHour")
        guard budget >= price else {
            throw JSONPathError(
                path: "\(config.path).maxCostPerHour",
                message: "must be at least costPerPodPerHour (\(price)), the price of one replica"
            )
        }
        return CostPolicy(demand: try slo(config), costPerPodPerHour: price, maxCostPerHour: budget)
    }

    private func positive(_ config: JSONReader, _ field: String) throws(JSONPathError) -> Double {
        let reader = try config.required(field)
        let value = try reader.double()
        guard value > 0 else { throw reader.error("must be greater than 0") }
        return value
    }
}
