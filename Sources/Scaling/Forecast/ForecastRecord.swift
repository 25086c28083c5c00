/// The forecast of one metric at one decision.
package struct ForecastRecord: Sendable, Hashable {
    /// Name of the metric.
    package var metric: String
    package var forecast: LoadForecast
    /// The replicas that the forecast asks for: its quantile divided by what a replica may carry.
    package var replicas: Int
    /// Whether the forecast may add replicas.
    package var isActive: Bool
    private let mode: ForecastSpec.Mode

    /// - Parameter headroom: what a replica may carry, as a multiple of the target. Dividing by the target alone would pay
    ///   for the tolerance twice.
    init(_ forecast: LoadForecast, of metric: MetricSpec, headroom: Double, mode: ForecastSpec.Mode) {
        self.metric = metric.name
        self.forecast = forecast
        replicas = RatioRule.replicas(forecast.upper / (metric.target * headroom))
        isActive = mode == .active && forecast.verdict.isOpen
        self.mode = mode
    }

    /// Why the forecast may add replicas, or may not.
    package var reason: String {
        let verdict = forecast.verdict.sentence + shortHorizon
        return mode == .report ? "mode is Report, so the forecast adds no replicas; \(verdict)" : verdict
    }

    private var shortHorizon: String {
        let bucket = Duration.seconds(LoadHistory.bucketSeconds)
        guard case .noSkill = forecast.verdict, forecast.horizon < bucket else { return "" }
        return "; there is little to gain, because the horizon of \(forecast.horizon.shortText) is shorter than the "
            + "intervals of \(bucket.shortText) that forecasts work with"
    }

    /// Whether the other says the same apart from live values.
    func isSame(as other: ForecastRecord) -> Bool {
        metric == other.metric && isActive == other.isActive && forecast.verdict.isSame(as: other.forecast.verdict)
    }

    /// For the decision's sentence.
    var sentence: String {
        let low = min(forecast.expected, forecast.upper)
        let skill = forecast.skill.map { ", skill \($0.shortText)" } ?? ""
        return "\(metric) is \(forecast.load.shortText) now and is expected to reach \(low.shortText) to "
            + "\(forecast.upper.shortText) within \(forecast.horizon.shortText) (\(forecast.pattern.rawValue)\(skill)), "
            + "which asks for \(replicas)"
    }
}
