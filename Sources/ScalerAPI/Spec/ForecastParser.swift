import Scaling
import WireFormats

/// Reads `spec.forecast`.
struct ForecastParser {
    static let fields = ["mode", "metrics", "horizonSeconds", "historyDays", "quantile", "maxIncreasePercent"]

    /// The names of the metrics that can be forecast; nil if they could not be read.
    let metricNames: [String]?

    /// - Parameter forecast: nil without one.
    func forecast(_ forecast: JSONReader?) throws(JSONPathError) -> ForecastSpec? {
        guard let forecast else { return nil }
        let limits = GeneralScalerSpec.Limits.self
        return ForecastSpec(
            mode: try forecast.required("mode").oneOf(ForecastSpec.Mode.self),
            metrics: try metrics(forecast.optional("metrics")),
            horizon: try forecast.optional("horizonSeconds").seconds(in: limits.horizonSeconds),
            historyDays: try forecast.optional("historyDays")?.int(in: limits.historyDays)
                ?? ForecastSpec.defaultHistoryDays,
            quantile: try quantile(forecast.optional("quantile")) ?? ForecastSpec.defaultQuantile,
            maxIncrease: try forecast.optional("maxIncreasePercent")?.int(in: limits.maxIncreasePercent)
                .asShare ?? ForecastSpec.defaultMaxIncrease)
    }

    private func metrics(_ list: JSONReader?) throws(JSONPathError) -> [String]? {
        guard let list else { return nil }
        let entries = try list.elements()
        guard GeneralScalerSpec.Limits.metrics.contains(entries.count) else {
            throw list.error("must name at least one metric; omit it to forecast all")
        }
        var names: [String] = []
        for entry in entries {
            let name = try entry.nonEmptyString()
            if let metricNames, !metricNames.contains(name) {
                throw entry.error(
                    "\"\(name)\" is not a metric with a target of this scaler; those are "
                        + metricNames.joined(separator: ", "))
            }
            names.append(name)
        }
        return names
    }

    private func quantile(_ value: JSONReader?) throws(JSONPathError) -> Double? {
        guard let value else { return nil }
        let quantile = try value.double()
        guard GeneralScalerSpec.Limits.quantile.contains(quantile) else {
            throw value.error(
                "must be from \(GeneralScalerSpec.Limits.quantile.lowerBound) to "
                    + "\(GeneralScalerSpec.Limits.quantile.upperBound), not \(quantile.shortText)")
        }
        return quantile
    }
}

extension Int {
    /// A percentage as a share.
    fileprivate var asShare: Double { Double(self) / 100 }
}
