import Backtest
import Glibc
import Scaling

/// What forecasts gain and cost on traces, in a closed loop: each poll decides with the replicas that earlier ones set, as in
/// `simulate`. The baseline is the same scaler without a forecast.
struct ForecastBenchmark: Benchmark {
    /// The argument before the directory with recorded traces.
    static let tracesFlag = "--traces"

    let name = "forecast"
    /// The directory; nil to run only the generated traces.
    let traces: String?

    private static let day: Duration = .seconds(86_400)

    func run() async throws -> [Measurement] {
        var measurements = try perPoll()
        for one in ForecastCase.generated { measurements += try measure(one) }
        guard let traces else { return measurements }
        for one in ForecastCase.recorded {
            let bytes = contents("\(traces)/\(one.source).csv")
            let recorded = try one.with(try Trace(bytes: Array(bytes.utf8)))
            measurements += try measure(recorded)
            if one.isTuned { measurements += try await tune(recorded) }
        }
        return measurements
    }

    // MARK: Gain and cost

    private func measure(_ one: ForecastCase) throws -> [Measurement] {
        let trace = one.makeTrace()
        let first = trace.start + Self.day * one.firstDay
        return try one.startups.flatMap { startup in
            let workload = Workload(startupDelay: .seconds(startup))
            let reactive = try Backtest(spec: one.spec(trace), trace: trace, workload: workload)
            let without = Self.summary(reactive, from: first)
            let forecasting = try Backtest(
                spec: one.spec(trace, quantile: one.quantile), trace: trace, workload: workload)
            let with = Self.summary(forecasting, from: first)
            let title = "\(name)/\(one.name)-\(startup)s"
            for line in try Self.curve(one, trace, workload, reactive, first) { print("  \(title): \(line)") }
            for tally in with.forecasts {
                print(
                    "  \(title): active \(percent(tally.timeActive / with.time)), coverage "
                        + "\(tally.coverage.map(percent) ?? "-"), error/persistence "
                        + "\(tally.relativeError.map(Table.number) ?? "-")")
            }
            return [
                Measurement(
                    name: "\(title)/out-of-slo", value: with.timeOutOfSLO / .seconds(60), unit: "min",
                    baseline: without.timeOutOfSLO / .seconds(60), goal: .atMost(one.outOfSLOGoal)),
                Measurement(
                    name: "\(title)/replica-hours", value: with.replicaHours, unit: "h",
                    baseline: without.replicaHours, goal: .atMost(one.hoursGoal)),
            ]
        }
    }

    /// The reactive engine with lower targets and longer windows: what the same could be had for without a forecast.
    private static func curve(
        _ one: ForecastCase, _ trace: Trace, _ workload: Workload, _ reference: Backtest, _ first: Timestamp
    ) throws -> [String] {
        var lines: [String] = []
        for window in [300, 1_800] {
            for factor in [1, 0.9, 0.8, 0.7] {
                var spec = one.spec(trace)
                spec.metrics[0].target *= factor
                spec.safety.scaleDownStabilization = .seconds(window)
                let backtest = try Backtest(spec: spec, trace: trace, workload: workload, reference: reference)
                let summary = summary(backtest, from: first)
                lines.append(
                    "reactive, target x \(factor), window \(window) s: "
                        + "\(Table.number(summary.timeOutOfSLO / .seconds(60))) min out of SLO, "
                        + "\(Table.number(summary.replicaHours)) replica-hours")
            }
        }
        return lines
    }

    private static func summary(_ backtest: Backtest, from first: Timestamp) -> BacktestSummary {
        backtest.run(countingFrom: first, onStep: { _ in })
    }

    private func percent(_ share: Double) -> String { "\(Table.number(100 * share))%" }

    // MARK: A poll

    /// The CPU time and memory of a forecast at each poll, with three weeks of history.
    private func perPoll() throws -> [Measurement] {
        let spec = ScalingSpec(
            maxReplicas: 100, metrics: [MetricSpec(name: "load", target: 100, targetType: .averageValue)],
            forecast: ForecastSpec(mode: .active))
        guard let settings = spec.forecasterSettings(for: spec.metrics[0], horizon: .seconds(300)) else { return [] }
        var forecaster = LoadForecaster(settings)
        var random = SeededRandom(seed: 1)
        var time = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)
        for _ in 0..<22 * 288 {
            forecaster.learn(1_000 * random.uniform(), at: time)
            time = time + .seconds(300)
        }
        let polls = 20_000
        let before = try ProcessTimes.cpuSeconds(of: getpid())
        for _ in 0..<polls {
            _ = forecaster.forecast(after: 1_000 * random.uniform(), at: time)
            time = time + .seconds(15)
        }
        let seconds = try ProcessTimes.cpuSeconds(of: getpid()) - before
        return [
            Measurement(
                name: "\(name)/poll-cpu", value: seconds / Double(polls) * 1e6, unit: "us/poll", goal: .atMost(50)),
            Measurement(
                name: "\(name)/state", value: Double(forecaster.stateBytes) / 1_024, unit: "KiB", goal: .atMost(20)),
        ]
    }
}
