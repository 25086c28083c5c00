import Scaling
import Testing

@Suite("The slo policy")
struct SLOPolicyTests {
    static let severalMetrics = [
        Row("the metric that asks for most wins", 4, [50, 80], metrics: [.rate, .queue], gives: 8),
        Row("the order of the metrics does not matter", 4, [80, 50], metrics: [.queue, .rate], gives: 8),
        Row("all must ask for fewer", 4, [50, 30], metrics: [.rate, .queue], gives: 3),
        Row(
            "one within its tolerance holds the others", 4, [105, 10], metrics: [.rate, .queue], gives: 4, .tolerance),
        Row(
            "one held by starting replicas holds the others", 10, ready: 4, [50, 10], metrics: [.rate, .queue],
            gives: 10, .notReady),
        Row("a cause that another metric overrules is none", 4, [105, 80], metrics: [.rate, .queue], gives: 8),
        Row("a missing metric lets the rest scale up", 4, [nil, 80], metrics: [.rate, .queue], gives: 8),
        Row("and never down", 4, [nil, 10], metrics: [.rate, .queue], gives: 4, .partialMetrics),
        Row(
            "a failed metric is a missing one", 4, [.failed, 10], metrics: [.rate, .queue], gives: 4, .partialMetrics),
        Row(
            "a stale metric is a missing one", 4, [.aged(10, seconds: 61), 10], metrics: [.rate, .queue],
            gives: 4, .partialMetrics),
        Row("a value just young enough counts", 4, [.aged(50, seconds: 60)], gives: 2),
        Row("a value that is too old does not", 4, [.aged(50, seconds: 61)], gives: 4, .noData),
        Row("a value from the future within the clock skew allowed counts", 4, [.aged(50, seconds: -60)], gives: 2),
        Row("a value from further in the future does not", 4, [.aged(50, seconds: -61)], gives: 4, .noData),
        Row("a negative value is invalid", 4, [-1], gives: 4, .noData),
        Row("NaN is invalid", 4, [.fresh(.nan)], gives: 4, .noData),
        Row("nor does infinity, not even to scale up", 4, [.fresh(.infinity)], gives: 4, .noData),
        Row("a negative queue counts as empty", 4, [-5], metrics: [.queue], gives: 1),
        Row("no value at all holds", 4, [nil, .failed], metrics: [.rate, .queue], gives: 4, .noData),
    ]

    @Test("the slo policy decides each case of several metrics", arguments: severalMetrics)
    func sloPolicyDecides(_ row: Row) {
        let decision = row.decide()
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy == row.limitedBy)
    }

    @Test("a metric that was not polled is no data")
    func fewerReadings() {
        let row = Row("", 4, [50], metrics: [.rate, .queue, .errors, .longErrors], policy: Self.objective, gives: 4)
        let decision = row.decide()
        #expect(decision.desired == 4)
        #expect(decision.metrics.count == 4)
        #expect(decision.limitedBy == [.partialMetrics])
    }

    // MARK: Error budget

    private static let objective = SLOPolicy(objective: .threeNines)
    private static let withErrors: [MetricSpec] = [.rate, .errors, .longErrors]

    static let errorBudget = [
        Row(
            "within the budget, nothing changes", 4, [50, 0.5, 0.0009], metrics: withErrors, policy: objective, gives: 2
        ),
        Row(
            "an exhausting budget holds a scale-down", 4, [50, 0, 0.001], metrics: withErrors, policy: objective,
            gives: 4, .errorBudget),
        Row("and lets a scale-up be", 4, [200, 0, 0.001], metrics: withErrors, policy: objective, gives: 8),
        Row(
            "both burning fast: at least one step up", 4, [50, 0.0144, 0.0144], metrics: withErrors, policy: objective,
            safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 7, .errorBudget),
        Row(
            "the metrics may ask for more than that step", 4, [200, 0.02, 0.02], metrics: withErrors, policy: objective,
            safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 7, .scaleUpRate),
        Row(
            "the step of a percentage", 10, [100, 0.02, 0.02], metrics: withErrors, policy: objective,
            safety: .free.with { $0.maxScaleUpRate = .percent(25) }, gives: 13, .errorBudget),
        Row(
            "a step of 0 still asks for no fewer than now", 4, [50, 0.02, 0.02], metrics: withErrors, policy: objective,
            safety: .free.with { $0.maxScaleUpRate = .replicas(0) }, gives: 4, .errorBudget),
        Row(
            "only the short one fast: no scale-up", 4, [100, 0.5, 0.0143], metrics: withErrors, policy: objective,
            gives: 4),
        Row(
            "only the long one fast: no scale-up", 4, [100, 0.0143, 0.5], metrics: withErrors, policy: objective,
            gives: 4),
        Row(
            "the short one missing: no scale-up, no scale-down", 4, [50, nil, 0.5], metrics: withErrors,
            policy: objective, gives: 4, .partialMetrics),
        Row(
            "the long one missing: no scale-down", 4, [50, 0.5, nil], metrics: withErrors, policy: objective,
            gives: 4, .partialMetrics),
        Row(
            "burning fast scales up though no metric is left", 4, [nil, 0.02, 0.02], metrics: withErrors,
            policy: objective, safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 7, .errorBudget),
        Row(
            "error ratios take no part in the ratio rule", 4, [100, 900, 0], metrics: withErrors, policy: objective,
            gives: 4),
        Row(
            "an objective of 100% burns at any error and does not trap", 4, [50, 0.1, 0.1], metrics: withErrors,
            policy: SLOPolicy(objective: ErrorBudget(metric: "errors-5m", longMetric: "errors-1h", percent: 100)),
            safety: .free.with { $0.maxScaleUpRate = .replicas(1) }, gives: 5, .errorBudget),
    ]

    @Test("the slo policy decides each case of an error budget", arguments: errorBudget)
    func sloPolicyDecidesCase(_ row: Row) {
        let decision = row.decide()
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy.filter { $0 != .tolerance } == row.limitedBy)
    }

    private func exhausted() -> Simulation {
        var spec = ScalingSpec(
            maxReplicas: 100, pollingInterval: .seconds(600), metrics: Self.withErrors, policy: Self.objective,
            safety: .free
        )
        spec.fallback.failureThreshold = 1_000
        return Simulation(spec, current: 4)
    }

    @Test("an exhausted error budget holds for at most 6 hours at a stretch")
    func longestHold() {
        var simulation = exhausted()
        while simulation.time < 6 * 3_600 {
            let decision = simulation.poll(50, 0, 0.002)
            #expect(decision.limitedBy == [.errorBudget])
            #expect(decision.desired == 4)
        }
        #expect(simulation.poll(50, 0, 0.002).desired == 2)
        #expect(simulation.poll(50, 0, 0.002).desired == 1)
    }

    @Test("an error budget that has recovered may hold again")
    func recovered() {
        var simulation = exhausted()
        while simulation.time <= 6 * 3_600 { simulation.poll(100, 0, 0.002) }
        simulation.poll(100, 0, 0.0005)
        #expect(simulation.poll(50, 0, 0.002).limitedBy == [.errorBudget])
    }

    @Test("a gap in the error ratio does not restart the 6 hours")
    func gap() {
        var simulation = exhausted()
        while simulation.time < 3 * 3_600 { simulation.poll(100, 0, 0.002) }
        simulation.poll(100, 0, nil)
        while simulation.time < 6 * 3_600 { simulation.poll(100, 0, 0.002) }
        #expect(simulation.poll(50, 0, 0.002).desired == 2)
    }

    @Test("the time that an error budget has held survives in the history, and a time in the future counts as now")
    func clockBack() {
        var simulation = exhausted()
        simulation.time = 7 * 3_600
        simulation.poll(100, 0, 0.002)
        simulation.time = 0
        while simulation.time < 6 * 3_600 { #expect(simulation.poll(50, 0, 0.002).desired == 4) }
        #expect(simulation.poll(50, 0, 0.002).desired == 2)
    }
}
