import Scaling

/// How the forecasts of a backtest compare with what came.
package struct ForecastTally: Sendable, Hashable {
    package let metric: String
    /// The time in which the forecast could add replicas.
    package private(set) var timeActive: Duration = .zero
    /// The time with a forecast.
    package private(set) var time: Duration = .zero
    /// The skill at the end; nil while it is unknown.
    package private(set) var skill: Double?
    /// Forecasts whose time has come.
    private var compared = 0
    private var covered = 0
    private var error = 0.0
    private var persistenceError = 0.0
    private var waiting: [Waiting] = []
    private var oldest = 0

    private struct Waiting: Sendable, Hashable {
        let due: Timestamp
        let expected: Double
        let upper: Double
        let load: Double
    }

    init(metric: String) {
        self.metric = metric
    }

    /// The share of the time in which the load did not exceed the forecast's quantile; nil without a comparison.
    package var coverage: Double? { compared > 0 ? Double(covered) / Double(compared) : nil }

    /// The mean error of the expected load, as a share of that of taking the load for what it was; nil without one.
    package var relativeError: Double? { persistenceError > 0 ? error / persistenceError : nil }

    /// - Parameter demand: the load now; nil if it is unknown.
    mutating func add(_ record: ForecastRecord?, demand: Double?, at now: Timestamp, for interval: Duration) {
        while oldest < waiting.count, waiting[oldest].due <= now {
            compare(waiting[oldest], demand)
            oldest += 1
        }
        if oldest > 4_096 {
            waiting.removeFirst(oldest)
            oldest = 0
        }
        guard let record else { return }
        time += interval
        if record.isActive { timeActive += interval }
        skill = record.forecast.skill ?? skill
        let forecast = record.forecast
        waiting.append(
            Waiting(
                due: now + forecast.horizon, expected: forecast.expected, upper: forecast.upper, load: forecast.load))
    }

    private mutating func compare(_ forecast: Waiting, _ demand: Double?) {
        guard let demand else { return }
        compared += 1
        if demand <= forecast.upper { covered += 1 }
        error += abs(demand - forecast.expected)
        persistenceError += abs(demand - forecast.load)
    }
}
