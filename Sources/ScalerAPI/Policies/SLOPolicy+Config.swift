package import Scaling
package import WireFormats

extension SLOPolicy: ConfigurablePolicy {
    package static let type = "slo"
    package static let fields = ["tolerance", "scaleUpTolerance", "scaleDownTolerance", "objective"]

    package init(config: PolicyConfig) throws(JSONPathError) {
        let both = try config.fraction("tolerance") ?? Tolerance.standard
        self.init(
            scaleUpTolerance: try config.fraction("scaleUpTolerance") ?? both,
            scaleDownTolerance: try config.fraction("scaleDownTolerance") ?? both,
            objective: try Self.objective(config)
        )
    }

    package var config: JSON {
        var config: [String: JSON] = [:]
        if scaleUpTolerance == scaleDownTolerance {
            if scaleUpTolerance != Tolerance.standard { config["tolerance"] = .shortest(scaleUpTolerance) }
        } else {
            config["scaleUpTolerance"] = .shortest(scaleUpTolerance)
            config["scaleDownTolerance"] = .shortest(scaleDownTolerance)
        }
        config["objective"] = objective.map {
            [
                "metric": .string($0.metric), "longMetric": .string($0.longMetric),
                "percent": .shortest($0.percent),
            ]
        }
        return .object(config)
    }

    private static func objective(_ config: PolicyConfig) throws(JSONPathError) -> ErrorBudget? {
        guard let objective = try config.reader.optional("objective") else { return nil }
        try objective.rejectUnknown("metric", "longMetric", "percent")
        let percent = try objective.required("percent")
        let value = try percent.double()
        guard value > 0, value < 100 else { throw percent.error("must be above 0 and below 100, such as 99.9") }
        return ErrorBudget(
            metric: try config.metricName(try objective.required("metric")),
            longMetric: try config.metricName(try objective.required("longMetric")),
            percent: value
        )
    }
}
