import Backtest
import Scaling

/// A trace, a scaler for it, and what a forecast is to reach.
struct ForecastCase: Sendable {
    let name: String
    /// The file without its ending; empty for a generated trace.
    var source = ""
    let target: Double
    let startups: [Int]
    /// The day from which polls count.
    var firstDay = 0
    var quantile = ForecastSpec.defaultQuantile
    /// Of the ratios to the scaler without a forecast.
    var outOfSLOGoal = 1.0
    var hoursGoal = 1.01
    /// Whether a search for settings is measured too.
    var isTuned = false
    var makeTrace: @Sendable () -> Trace = { preconditionFailure("with(_:) gives a recorded case its trace") }

    /// The case with the first column of a recorded trace.
    func with(_ trace: Trace) throws -> ForecastCase {
        let samples = trace.samples.map { Trace.Sample(time: $0.time, cells: [$0.cells[0]]) }
        let loads = try Trace(metrics: ["load"], samples: samples)
        var copy = self
        copy.makeTrace = { loads }
        return copy
    }

    /// - Parameter quantile: nil for no forecast.
    func spec(_ trace: Trace, quantile: Double? = nil) -> ScalingSpec {
        // As the operator does: three polls, or the step of the source.
        let metric = MetricSpec(
            name: "load", target: target, targetType: .averageValue, maxAge: max(.seconds(60), trace.step))
        return ScalingSpec(
            minReplicas: 1, maxReplicas: 100_000, metrics: [metric],
            forecast: quantile.map { ForecastSpec(mode: .active, quantile: $0) })
    }

    static let recorded: [ForecastCase] = [
        ForecastCase(
            name: "taxi-from-day-15", source: "taxi-rides-30min", target: 600, startups: [300, 600], firstDay: 14,
            outOfSLOGoal: 0.12, hoursGoal: 1.02),
        ForecastCase(
            name: "taxi-from-day-15-q99", source: "taxi-rides-30min", target: 600, startups: [300], firstDay: 14,
            quantile: 0.99, outOfSLOGoal: 0.05, hoursGoal: 1.04),
        ForecastCase(
            name: "taxi", source: "taxi-rides-30min", target: 600, startups: [300], outOfSLOGoal: 0.15, hoursGoal: 1.02),
        ForecastCase(
            name: "synthetic-daily-from-day-3", source: "synthetic-daily-5min", target: 2, startups: [300], firstDay: 2,
            outOfSLOGoal: 0.1, hoursGoal: 1.09),
        ForecastCase(
            name: "mentions", source: "mentions-goog-5min", target: 5, startups: [60, 300, 600], isTuned: true),
        ForecastCase(
            name: "load-balancer", source: "elb-requests-5min", target: 20, startups: [60, 300, 600], isTuned: true),
        ForecastCase(
            name: "road", source: "road-occupancy-5min", target: 2, startups: [60, 300, 600], isTuned: true),
        ForecastCase(name: "llm", source: "llm-code-requests-5s", target: 5, startups: [60, 300, 600]),
    ]

    static let generated: [ForecastCase] = [
        ForecastCase(
            name: "weekly", target: 300, startups: [300], outOfSLOGoal: 0.15, hoursGoal: 1.05,
            makeTrace: { GeneratedLoad.weekly }),
        ForecastCase(
            name: "white-noise", target: 100, startups: [60, 300, 600], makeTrace: { GeneratedLoad.whiteNoise }),
        ForecastCase(
            name: "random-walk", target: 100, startups: [60, 300, 600], makeTrace: { GeneratedLoad.walk(seed: 31) }),
        ForecastCase(
            name: "random-walk-2", target: 100, startups: [60, 300, 600], makeTrace: { GeneratedLoad.walk(seed: 62) }),
        ForecastCase(
            name: "stuck-walk", target: 100, startups: [60, 300, 600], makeTrace: { GeneratedLoad.stuckWalk }),
        ForecastCase(name: "steps", target: 100, startups: [60, 300, 600], makeTrace: { GeneratedLoad.steps }),
    ]
}
