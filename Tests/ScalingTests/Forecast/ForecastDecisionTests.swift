import Testing

@testable import Scaling

@Suite("Decisions with forecasts")
struct ForecastDecisionTests {
    private static func spec(
        _ mode: ForecastSpec.Mode = .active, max: Int = 20, policy: any ScalingPolicy = SLOPolicy(),
        safety: SafetyLimits = .free, fallback: FallbackSpec = FallbackSpec()
    ) -> ScalingSpec {
        ScalingSpec(
            minReplicas: 0, maxReplicas: max, metrics: [.queue], policy: policy, safety: safety, fallback: fallback,
            forecast: ForecastSpec(mode: mode))
    }

    private static func decide(
        _ spec: ScalingSpec, current: Int = 4, value: Double? = 40, upper: Double = 88,
        verdict: ForecastVerdict = .open, history: ScalingHistory = .running
    ) -> Decision {
        var input = DecisionInput(
            spec: spec, now: at(0), current: current, ready: current,
            observations: [value.map { .value($0, observedAt: at(0)) } ?? .noData("none")], history: history)
        input.forecasts = [
            "queue": LoadForecast(
                load: value ?? 0, expected: 80, upper: upper, horizon: .seconds(300), pattern: .weekly, skill: 0.82,
                verdict: verdict)
        ]
        return DecisionEngine.decide(input).decision
    }

    @Test(
        "an active forecast adds replicas for its quantile, divided by target and tolerance, and the sentence says why")
    func adds() {
        let decision = Self.decide(Self.spec())
        #expect(decision.recommended == 8 && decision.desired == 8)
        #expect(decision.limitedBy == [.forecast])
        #expect(
            decision.reason == "Scale from 4 to 8: queue is 40 now and is expected to reach 80 to 88 within 5m "
                + "(weekly pattern, skill 0.82), which asks for 8.")
    }

    @Test("a forecast of less than now changes nothing")
    func neverLowers() {
        let decision = Self.decide(Self.spec(), value: 80, upper: 11)
        #expect(decision.desired == 8 && decision.limitedBy == [])
        #expect(decision.forecasts.map(\.replicas) == [1])
    }

    @Test(
        "a forecast that may not add is recorded with the reason",
        arguments: [
            (
                ForecastSpec.Mode.report, ForecastVerdict.open,
                "mode is Report, so the forecast adds no replicas; the forecast is better than the best simple rule"
            ),
            (
                .active, .noSkill(0.013),
                "the forecast is not better than the best simple rule: its skill is 0.013, and it becomes active at 0.1"
            ),
            (
                .active, .tooExpensive(increase: 0.312, allowed: 0.25),
                "the forecast would add 31.2% to the load; it becomes active at 20%, as maxIncreasePercent is 25"
            ),
            (
                .active, .learning(hours: 1),
                "the forecast has been compared with the simple rules for 1 hour, and 1 day is needed"
            ),
        ])
    func recorded(mode: ForecastSpec.Mode, verdict: ForecastVerdict, reason: String) {
        let decision = Self.decide(Self.spec(mode), verdict: verdict)
        #expect(decision.desired == 4 && !decision.limitedBy.contains(.forecast))
        #expect(decision.forecasts.map(\.reason) == [reason])
        #expect(decision.forecasts.map(\.isActive) == [false])
    }

    @Test(
        "without skill, a horizon shorter than the intervals of five minutes is part of the reason",
        arguments: [(61, "1m1s"), (299, "4m59s"), (300, nil)] as [(Double, String?)])
    func shortHorizon(seconds: Double, text: String?) throws {
        func reason(_ verdict: ForecastVerdict) -> String {
            let forecast = LoadForecast(
                load: 7.3, expected: 8, upper: 9, horizon: .seconds(seconds), pattern: .daily, skill: 0.013,
                verdict: verdict)
            return ForecastRecord(forecast, of: .rate, headroom: 1.1, mode: .active).reason
        }
        let addition = text.map {
            "; there is little to gain, because the horizon of \($0) is shorter than the intervals of 5m that forecasts work "
                + "with"
        }
        #expect(reason(.noSkill(0.013)) == ForecastVerdict.noSkill(0.013).sentence + (addition ?? ""))
        #expect(reason(.open) == ForecastVerdict.open.sentence)
    }

    @Test("with mode Off, without a reading, and for a metric that is not named, there is no forecast")
    func none() {
        #expect(Self.decide(Self.spec(.off)).forecasts == [])
        #expect(Self.decide(Self.spec(), value: nil).forecasts == [])
        var spec = Self.spec()
        spec.forecast?.metrics = ["other"]
        #expect(Self.decide(spec).forecasts == [])
    }

    @Test("maxReplicas, the rate, the budget and a cooldown limit a forecast like any recommendation")
    func limits() {
        #expect(Self.decide(Self.spec(max: 6)).limitedBy == [.forecast, .maxReplicas])
        let slow = SafetyLimits.free.with { $0.maxScaleUpRate = .replicas(1) }
        #expect(Self.decide(Self.spec(safety: slow)).desired == 5)
        let budget = CostPolicy(costPerPodPerHour: 1, maxCostPerHour: 7)
        #expect(Self.decide(Self.spec(policy: budget)).desired == 7)
        let waiting = SafetyLimits.free.with { $0.scaleUpCooldown = .seconds(60) }
        let history = ScalingHistory(lastScaleUpTime: at(-30), hasSeenReplicas: true)
        #expect(Self.decide(Self.spec(safety: waiting), history: history).limitedBy == [.forecast, .cooldown])
    }

    @Test("at 0 replicas a forecast starts none: the activation decides")
    func zero() {
        let history = ScalingHistory(scaledToZero: true, hasSeenReplicas: true)
        #expect(Self.decide(Self.spec(), current: 0, value: 0, history: history).desired == 0)
    }

    @Test("a forecast holds back a scale-down, also as a voice in the stabilization window")
    func holds() {
        let spec = Self.spec(safety: .free.with { $0.scaleDownStabilization = .seconds(300) })
        var input = DecisionInput(
            spec: spec, now: at(0), current: 8, ready: 8, observations: [.value(20, observedAt: at(0))],
            history: .running)
        input.forecasts = [
            "queue": LoadForecast(
                load: 20, expected: 80, upper: 88, horizon: .seconds(300), pattern: .daily, skill: 0.5, verdict: .open)
        ]
        let first = DecisionEngine.decide(input)
        #expect(first.decision.desired == 8 && first.decision.limitedBy == [.forecast])
        let later = DecisionEngine.decide(
            DecisionInput(
                spec: spec, now: at(60), current: 8, ready: 8, observations: [.value(20, observedAt: at(60))],
                history: first.history))
        #expect(later.decision.desired == 8 && later.decision.limitedBy == [.scaleDownStabilized])
    }

    @Test("the load of a metric per replica is its value times the ready replicas, and unknown without them")
    func perReplica() {
        let value = MetricObservation.value(120, observedAt: at(0))
        #expect(MetricSpec.rate.load(of: value, ready: 3) == 360)
        #expect(MetricSpec.rate.load(of: value, ready: nil) == nil)
        #expect(MetricSpec.rate.load(of: value, ready: 0) == nil)
        #expect(MetricSpec.queue.load(of: .value(-2, observedAt: at(0)), ready: nil) == 0)
        #expect(MetricSpec.queue.load(of: .assumed(5, observedAt: at(0)), ready: 3) == nil)
    }

    @Test("the forecasters of a scaler follow its metrics and forget those that are gone")
    func forecasters() {
        var forecasters = LoadForecasters()
        var input = DecisionInput(
            spec: Self.spec(), now: at(0), current: 4, ready: 4, observations: [.value(40, observedAt: at(0))])
        forecasters.forecast(&input, horizon: .seconds(300))
        #expect(Array(forecasters.byMetric.keys) == ["queue"])
        #expect(forecasters.byMetric["queue"]?.settings.horizon == .seconds(300))
        input.spec.forecast?.horizon = .seconds(900)
        forecasters.forecast(&input, horizon: .seconds(300))
        #expect(forecasters.byMetric["queue"]?.settings.horizon == .seconds(900))
        input.spec.forecast = nil
        forecasters.forecast(&input, horizon: .seconds(300))
        #expect(forecasters.byMetric.isEmpty)
    }
}
