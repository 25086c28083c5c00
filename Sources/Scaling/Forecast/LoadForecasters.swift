/// The forecasters of one scaler, by metric: the memory of its forecasts between decisions.
package struct LoadForecasters: Sendable {
    package private(set) var byMetric: [String: LoadForecaster] = [:]

    package init() {}

    /// Takes the readings of a decision and adds the forecasts from them to its input.
    ///
    /// - Parameter horizon: how far ahead, unless the spec says so.
    package mutating func forecast(_ input: inout DecisionInput, horizon: Duration) {
        let places = input.spec.forecastMetrics
        let names = Set(places.map { input.spec.metrics[$0].name })
        for name in byMetric.keys where !names.contains(name) { byMetric[name] = nil }
        guard !places.isEmpty else { return }
        let observations = CheckedMetrics(input).observations
        input.forecasts = [:]
        for place in places {
            let metric = input.spec.metrics[place]
            guard let settings = input.spec.forecasterSettings(for: metric, horizon: horizon) else { continue }
            // Moved out while it changes, so that its history is not copied.
            var forecaster = byMetric.removeValue(forKey: metric.name) ?? LoadForecaster(settings)
            forecaster.adopt(settings)
            if let load = metric.load(of: observations[place], ready: input.ready) {
                input.forecasts[metric.name] = forecaster.forecast(after: load, at: input.now)
            }
            byMetric[metric.name] = forecaster
        }
    }

    /// Replaces a forecaster by one that knows the past.
    package mutating func set(_ forecaster: LoadForecaster, for metric: String) {
        byMetric[metric] = forecaster
    }

    package mutating func forget() { byMetric = [:] }
}

extension MetricSpec {
    /// Returns the load on all replicas together; nil if the observation does not tell.
    func load(of observation: MetricObservation, ready: Int?) -> Double? {
        // An assumed value is none of the load's.
        guard observation.isObserved, let value = observation.value else { return nil }
        switch targetType {
        case .averageValue: return max(0, value)
        case .value: return ready.flatMap { $0 > 0 ? max(0, value) * Double($0) : nil }
        }
    }
}
