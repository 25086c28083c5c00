import PluginHost
import PluginProtocol
import ScalerAPI
import Scaling

/// The memory of one scaler's forecasts: in no object, rebuilt from the sources after a restart.
struct ForecastState {
    private var forecasters = LoadForecasters()
    /// The measured time from a scale-up until all replicas are ready; nil until it was measured.
    var startup: Duration?
    /// Since when no forecast may add replicas; nil while one may, and without forecasts. Kept across restarts.
    var inactiveSince: Timestamp?
    /// The metrics whose history was read, or cannot be, with the settings of then: with others, a forecaster begins again.
    private var settled: [String: LoadForecaster.Settings] = [:]
    /// The earliest time of the next read, of metrics whose last read failed.
    private var nextTries: [String: Duration] = [:]
    private var isReading = false
    /// The metrics of the spec that was read.
    private var sources: [MetricSourceSpec] = []

    /// After a read of the history that failed.
    private static let retryTime: Duration = .seconds(600)
    /// A shorter start-up replaces a longer one gradually: being late costs more than being early.
    private static let shorterWeight = 0.25
    /// How many polling intervals after a scale-up the first unready replica may be seen.
    private static let noticedWithin = 3

    // MARK: Decisions

    /// Takes the readings of a decision and adds the forecasts to its input.
    mutating func forecast(_ input: inout DecisionInput) {
        forecasters.forecast(&input, horizon: startup ?? ForecastSpec.defaultHorizon)
        // A forecast that was switched off and on again begins again.
        for metric in settled.keys where forecasters.byMetric[metric] == nil { settled[metric] = nil }
    }

    /// Takes the forecasts of a decision. A metric without data has no forecast.
    mutating func note(_ forecasts: [ForecastRecord], of spec: ScalingSpec, at now: Timestamp) {
        guard let mode = spec.forecast?.mode, mode != .off else {
            inactiveSince = nil
            return
        }
        guard !forecasts.isEmpty else { return }
        inactiveSince = forecasts.contains(where: \.isActive) ? nil : min(inactiveSince ?? now, now)
    }

    /// Takes the time in which replicas were unready for a measurement, if a scale-up began it.
    mutating func measureStartup(
        from unreadySince: Timestamp, to now: Timestamp, lastScaleUp: Timestamp?, interval: Duration
    ) {
        guard let lastScaleUp, lastScaleUp <= unreadySince,
            unreadySince - lastScaleUp <= interval * Self.noticedWithin
        else { return }
        let measured = now - lastScaleUp
        let known = startup ?? measured
        let mixed = measured < known ? known + (measured - known) * Self.shorterWeight : measured
        startup = min(max(mixed, ForecastSpec.horizons.lowerBound), ForecastSpec.horizons.upperBound)
    }

    /// Forgets everything if the metrics have changed.
    mutating func specChanged(to changed: GeneralScalerSpec?) {
        guard changed?.metrics != sources else { return }
        forecasters.forget()
        settled = [:]
        nextTries = [:]
    }

    // MARK: The history

    /// A metric whose history is to be read.
    struct Request: Sendable {
        let metric: MetricSpec
        let query: ReadingQuery
        let settings: LoadForecaster.Settings
        let historyDays: Int
    }

    /// Returns the next metric whose history is to be read, and marks it as being read.
    ///
    /// A value per replica says nothing about the load without the replicas of its time, and a formula has no history:
    /// their forecasts learn from the readings alone.
    mutating func nextRequest(
        _ spec: GeneralScalerSpec, _ resolution: Resolution, at now: Duration
    ) -> Request? {
        guard let forecast = spec.forecast, forecast.mode != .off, !isReading else { return nil }
        sources = spec.metrics
        for place in resolution.spec.forecastMetrics {
            let metric = resolution.spec.metrics[place]
            guard metric.formula == nil, metric.targetType == .averageValue,
                let source = spec.metrics.firstIndex(where: { $0.name == metric.name }),
                let settings = resolution.spec.forecasterSettings(
                    for: metric, horizon: startup ?? ForecastSpec.defaultHorizon),
                settled[metric.name] != settings.withoutHorizon, now >= nextTries[metric.name] ?? .zero
            else { continue }
            isReading = true
            return Request(
                metric: metric, query: resolution.queries[source], settings: settings,
                historyDays: forecast.historyDays)
        }
        return nil
    }

    /// Takes that a read was for an earlier spec.
    mutating func abandon() { isReading = false }

    /// Takes the outcome of a read.
    ///
    /// - Parameter failure: nil after success.
    mutating func finish(_ request: Request, _ forecaster: LoadForecaster?, failure: PluginFailure?, at now: Duration) {
        isReading = false
        guard let failure else {
            nextTries[request.metric.name] = nil
            settled[request.metric.name] = request.settings.withoutHorizon
            if let forecaster { forecasters.set(forecaster, for: request.metric.name) }
            return
        }
        if failure.kind == .notSupported {
            settled[request.metric.name] = request.settings.withoutHorizon
        } else {
            nextTries[request.metric.name] = now + Self.retryTime
        }
    }
}

extension LoadForecaster.Settings {
    /// What has to be the same for a forecaster to continue.
    fileprivate var withoutHorizon: LoadForecaster.Settings {
        var same = self
        same.horizon = .zero
        return same
    }
}

extension LoadForecaster {
    /// Learns a history, oldest first.
    init(_ settings: Settings, history: [(time: Timestamp, value: Double)]) {
        self.init(settings)
        for sample in history { learn(sample.value, at: sample.time) }
    }
}
