import Testing

@testable import Scaling

@Suite("The sentence of a decision")
struct SentenceTests {
    private func decision(
        _ causes: Cause..., current: Int = 4, desired: Int = 4, observation: MetricObservation? = nil,
        budget: BudgetRecord? = nil
    ) -> Decision {
        Decision(
            time: at(0), current: current, ready: 1, recommended: 7, desired: desired,
            metrics: observation.map {
                [MetricRecord(name: "rate", observation: $0, target: 100, targetType: .value)]
            } ?? [],
            limitedBy: causes, budget: budget
        )
    }

    static let phrases: [Cause: String] = [
        .minReplicas: "minReplicas asks for at least 4",
        .maxReplicas: "maxReplicas allows at most 4",
        .schedule: "minReplicas is 4 until 18:00 UTC, by schedule day",
        .forecast:
            "rate is 400 now and is expected to reach 600 to 700.5 within 5m (weekly pattern, skill 0.82), which asks for 7",
        .budgetCap: "the budget allows at most 3",
        .budget: "budget team-shop takes back 1 replica (0.5 left of 40.00 per hour)",
        .usefulReplicas: "a metric has work for at most 7 replicas",
        .errorBudget: "the error budget is being spent too fast",
        .tolerance: "within tolerance of the target",
        .notReady: "only 1 of 4 replicas is ready",
        .scaleUpStabilized: "the scale-up stabilization window contains a lower recommendation",
        .scaleDownStabilized: "the scale-down stabilization window contains a higher recommendation",
        .cooldown: "a cooldown has not passed yet",
        .scaleUpRate: "maxScaleUpRate allows no more at once",
        .scaleDownRate: "maxScaleDownRate allows no more at once",
        .partialMetrics: "no scale-down while a metric is missing: one has no value",
        .assumedValue: "no scale-down while a formula is assumed",
        .noData: "replicas are held without data",
        .fallback: "the fallback applies",
        .boundsJump: "4 is below minReplicas",
        .activation: "a metric is above its activation value",
        .toZero: "every metric has been idle for the scale-down cooldown",
        .stuckAtZero: "no metric has a value at 0 replicas: check its source, or use a metric that exists without pods",
        .paused: "the scaler is paused",
        .dryRun: "mode is DryRun, so nothing is patched",
        .switchedOff: "the target was set to 0 replicas manually: set it above 0 to resume scaling",
        .duplicateTarget: "another GeneralScaler scales this target",
        .replicasConflict: "another client also sets the replicas of this target",
    ]

    @Test("every cause has a phrase in the sentence of a decision", arguments: Cause.allCases)
    func phrase(cause: Cause) {
        let budget = BudgetRecord(costPerHour: 4, maxCostPerHour: 3, cap: 3)
        var decision = decision(cause, budget: budget)
        decision.sharedBudget = SharedBudgetCap(
            budget: "team-shop", replicas: 3, state: "0.5 left of 40.00 per hour")
        if cause == .schedule {
            decision.limitedBy.insert(.minReplicas, at: 0)
            decision.scheduled = [
                ScheduledValue(
                    field: .minReplicas, value: 4, schedule: "day", timeZone: "UTC", until: at(60), untilText: "18:00")
            ]
        }
        if cause == .forecast {
            let forecast = LoadForecast(
                load: 400, expected: 600, upper: 700.5, horizon: .seconds(300), pattern: .weekly, skill: 0.82,
                verdict: .open)
            decision.forecasts = [ForecastRecord(forecast, of: .rate, headroom: 1.1, mode: .active)]
        }
        #expect(decision.reason == "Keep 4: \(Self.phrases[cause] ?? "?").")
    }

    @Test("the sentence at 0 replicas says that no metric is above its activation value")
    func inactive() {
        #expect(
            decision(.activation, current: 0, desired: 0).reason == "Keep 0: no metric is above its activation value.")
    }

    @Test(
        "ready replicas are counted with the right grammatical number",
        arguments: [
            (0, 1, "only 0 of 1 replica is ready"), (0, 4, "only 0 of 4 replicas are ready"),
            (1, 4, "only 1 of 4 replicas is ready"), (2, 5, "only 2 of 5 replicas are ready"),
        ])
    func notReady(ready: Int, current: Int, words: String) {
        var decision = decision(.notReady, current: current, desired: current)
        decision.ready = ready
        #expect(decision.reason == "Keep \(current): \(words).")
    }

    @Test("the sentence for an unknown number of ready replicas says so and names the fix")
    func readyUnknown() {
        var row = Row("", 4, [350], gives: 4, .notReady)
        row.input.ready = nil
        #expect(
            row.decide().reason == "Keep 4: rate is 350 against a target of 100, ratio 3.5, which asks for 4; "
                + "the target's status does not report its ready replicas (readyReplicas), so a value per replica "
                + "has no effect; a total with targetType AverageValue does not need them.")
        row = Row("", 1, [350], bounds: 2...9, gives: 2, .notReady, .boundsJump)
        row.input.ready = nil
        #expect(
            row.decide().reason
                == "Scale from 1 to 2: rate is 350 against a target of 100, ratio 3.5, which asks for 1; "
                + "the number of ready replicas is unknown; 1 is below minReplicas.")
    }

    @Test("a sentence that changes replicas does not say that they are held")
    func changes() {
        let staticFallback = FallbackSpec(failureThreshold: 1, replicas: 8, behavior: .static)
        var failed = ScalingHistory.running
        failed.restore(failures: ["rate": .init(polls: 7, since: at(-181))], errorBudgetHeldSince: nil)
        let rows = [
            Row("", 1, [nil], bounds: 2...9, gives: 2, .noData, .boundsJump),
            Row("", 12, [0.1, .failed], metrics: [.latency, .queue], bounds: 2...9, gives: 9),
            Row("", 4, [nil], fallback: staticFallback, history: failed, gives: 8, .noData, .fallback),
            Row("", 6, [nil], policy: CostPolicy(costPerPodPerHour: 1, maxCostPerHour: 4), gives: 4),
            Row("", 3, [nil], bounds: 5...9, dryRun: true, gives: 5, .noData, .boundsJump, .dryRun),
            Row("", 2, [400], dryRun: true, gives: 8, .dryRun),
        ]
        #expect(
            rows.map { $0.decide().reason } == [
                "Scale from 1 to 2: rate has no data (the query gave no result); 1 is below minReplicas.",
                "Scale from 12 to 9: latency is 0.1 against a target of 0.2, ratio 0.5, which asks for 6; "
                    + "queue could not be read (connection refused); 12 is above maxReplicas.",
                "Scale from 4 to 8: rate has no data (the query gave no result); the fallback applies.",
                "Scale from 6 to 4: rate has no data (the query gave no result); the budget allows at most 4.",
                "Would scale from 3 to 5: rate has no data (the query gave no result); 3 is below minReplicas; "
                    + "mode is DryRun, so nothing is patched.",
                "Would scale from 2 to 8: rate is 400 against a target of 100, ratio 4, which asks for 8; "
                    + "mode is DryRun, so nothing is patched.",
            ])
    }

    @Test("a count and its noun agree", arguments: [(0, "0 polls"), (1, "1 poll"), (2, "2 polls")])
    func counted(count: Int, words: String) {
        #expect(count.counted("poll") == words)
    }

    @Test("the sentence without a cause and a value states only the replicas")
    func plain() {
        #expect(decision().reason == "Keep 4.")
    }

    @Test("the sentence states the change, the metric that asks for it, and the limits, in this order")
    func whole() {
        let rows = [
            Row(
                "", 2, [350], safety: .free.with { $0.maxScaleUpRate = .replicas(3) }, gives: 5),
            Row("", 4, [30, 57.5], metrics: [.rate, .queue], bounds: 1...5, gives: 5),
            Row("", 4, [0.25, .failed], metrics: [.latency, .queue], gives: 5),
            Row("", 4, [0.1, .failed], metrics: [.latency, .queue], gives: 4),
            Row("", 4, [nil], gives: 4),
            Row("", 4, [.aged(3, seconds: 75)], gives: 4),
            Row("", 4, [-2.5], gives: 4),
            Row("", 0, [12], metrics: [.queue], bounds: 0...5, history: ScalingHistory(), gives: 2),
        ]
        #expect(
            rows.map { $0.decide().reason } == [
                "Scale from 2 to 5: rate is 350 against a target of 100, ratio 3.5, which asks for 7; "
                    + "maxScaleUpRate allows no more at once.",
                "Scale from 4 to 5: queue is 57.5 against a target of 10 per replica, ratio 1.438, which asks for 6; "
                    + "maxReplicas allows at most 5.",
                "Scale from 4 to 5: latency is 0.25 against a target of 0.2, ratio 1.25, which asks for 5.",
                "Keep 4: latency is 0.1 against a target of 0.2, ratio 0.5, which asks for 2; "
                    + "no scale-down while a metric is missing: queue could not be read (connection refused).",
                "Keep 4: rate has no data (the query gave no result); replicas are held without data.",
                "Keep 4: rate has no data (the newest value is 1m15s old, older than the 1m allowed: the source "
                    + "has no newer one, or its clock is behind); replicas are held without data.",
                "Keep 4: rate could not be read (the value -2.5 is negative, which has no meaning for targetType Value); "
                    + "replicas are held without data.",
                "Scale from 0 to 2: queue is 12 against a target of 10 per replica, which asks for 2; "
                    + "a metric is above its activation value.",
            ]
        )
    }

    @Test(
        "numbers are printed in a short form",
        arguments: [
            (0.0, "0"), (-0.0, "0"), (1, "1"), (350, "350"), (1_234_567, "1234567"), (0.03125, "0.03125"),
            (0.03, "0.03"), (1.0 / 3, "0.3333"), (2.0 / 3, "0.6667"), (99.996, "100"), (0.99999, "1"),
            (-2.5, "-2.5"), (-0.00001, "-0.00001"), (12.3456, "12.35"), (999.96, "1000"), (1e15, "1000000000000000"),
            (1e18, "1e+18"),
            (1e-7, "1e-07"), (.infinity, "inf"), (.nan, "nan"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
        ])
    func number(value: Double, text: String) {
        #expect(value.shortText == text)
    }

    @Test(
        "durations are printed in a short form, rounded up",
        arguments: [
            (Duration.zero, "0s"), (.seconds(45), "45s"), (.seconds(60), "1m"), (.milliseconds(60_400), "1m1s"),
            (.seconds(3_600), "1h"), (.seconds(5_400), "1h30m"), (.seconds(3_661), "1h1m1s"), (.seconds(3_601), "1h1s"),
        ])
    func duration(value: Duration, text: String) {
        #expect(value.shortText == text)
    }

    @Test("two decisions count as the same if their replicas and causes are equal")
    func same() {
        var other = decision(.cooldown)
        other.time = at(15)
        other.recommended = 9
        #expect(decision(.cooldown).isSame(as: other))
        other.details[.cooldown] = "another reason"
        #expect(!decision(.cooldown).isSame(as: other))
        other.details = [:]
        other.limitedBy = []
        #expect(!decision(.cooldown).isSame(as: other))
        #expect(!decision().isSame(as: decision(current: 5, desired: 5)))
    }
}
