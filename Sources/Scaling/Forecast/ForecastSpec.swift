/// How a scaler forecasts its load.
package struct ForecastSpec: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable, CaseIterable {
        case off = "Off"
        /// Forecasts are made and reported, but change no decision.
        case report = "Report"
        /// A forecast may add replicas while it is better than the simple rules (``ForecastGate``).
        case active = "Active"
    }

    package var mode: Mode
    /// The names of the metrics to forecast; nil for all.
    package var metrics: [String]?
    /// How far ahead: the time that a new replica takes until it is ready. Nil for the measured time.
    package var horizon: Duration?
    /// The days of history that forecasts are made from: 1 to 21.
    package var historyDays: Int
    /// The share of the forecasts that the load may not exceed: above 0.5, below 1.
    package var quantile: Double
    /// A forecast that would add more than this share of the load, on average, is closed.
    package var maxIncrease: Double

    package static let defaultHistoryDays = 21
    package static let defaultQuantile = 0.95
    package static let defaultMaxIncrease = 0.25
    /// The horizon before any start of a replica was measured.
    package static let defaultHorizon: Duration = .seconds(60)
    package static let horizons: ClosedRange<Duration> = .seconds(15) ... .seconds(3_600)

    package init(
        mode: Mode,
        metrics: [String]? = nil,
        horizon: Duration? = nil,
        historyDays: Int = ForecastSpec.defaultHistoryDays,
        quantile: Double = ForecastSpec.defaultQuantile,
        maxIncrease: Double = ForecastSpec.defaultMaxIncrease
    ) {
        self.mode = mode
        self.metrics = metrics
        self.horizon = horizon
        self.historyDays = historyDays
        self.quantile = quantile
        self.maxIncrease = maxIncrease
    }
}

extension ScalingSpec {
    /// The places in ``metrics`` of those whose load is forecast: every one that is a load, or those that the spec names.
    package var forecastMetrics: [Int] {
        guard let forecast, forecast.mode != .off else { return [] }
        let objective = policy.demandPolicy?.objective.map { [$0.metric, $0.longMetric] } ?? []
        return metrics.indices.filter { index in
            let name = metrics[index].name
            return !objective.contains(name) && forecast.metrics?.contains(name) ?? true
        }
    }

    /// The settings of a forecaster for the load of a metric; nil without a forecast in the spec.
    ///
    /// - Parameter horizon: how far ahead, unless the spec says so.
    package func forecasterSettings(for metric: MetricSpec, horizon: Duration) -> LoadForecaster.Settings? {
        guard let forecast else { return nil }
        let (least, most) = (ForecastSpec.horizons.lowerBound, ForecastSpec.horizons.upperBound)
        return LoadForecaster.Settings(
            unit: metric.target, headroom: 1 + scaleUpTolerance,
            horizon: min(max(forecast.horizon ?? horizon, least), most), historyDays: forecast.historyDays,
            quantile: forecast.quantile, maxIncrease: forecast.maxIncrease)
    }

    /// Returns the record of each forecast of a metric that has a value, in the order of ``metrics``.
    func forecastRecords(
        _ forecasts: [String: LoadForecast], _ observations: [MetricObservation]
    ) -> [ForecastRecord] {
        guard let forecast, !forecasts.isEmpty else { return [] }
        return forecastMetrics.compactMap { index in
            guard observations[index].value != nil, let load = forecasts[metrics[index].name] else { return nil }
            return ForecastRecord(load, of: metrics[index], headroom: 1 + scaleUpTolerance, mode: forecast.mode)
        }
    }

    /// How far the load of a replica may exceed its target without a scale-up.
    var scaleUpTolerance: Double { policy.demandPolicy?.scaleUpTolerance ?? Tolerance.standard }
}
