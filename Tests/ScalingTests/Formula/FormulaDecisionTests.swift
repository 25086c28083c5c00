import Testing

@testable import Scaling

@Suite("A decision on a formula")
struct FormulaDecisionTests {
    private static func formula(
        _ text: String, target: Double = 10, _ targetType: MetricSpec.TargetType = .averageValue, activation: Double = 0
    ) throws -> MetricSpec {
        MetricSpec(
            name: "computed", target: target, targetType: targetType, activation: activation,
            formula: try Formula(parsing: text))
    }

    private static func input(
        _ metrics: [MetricSpec], current: Int, _ readings: [String: MetricObservation], min: Int = 1,
        policy: any ScalingPolicy = SLOPolicy(), fallback: FallbackSpec = FallbackSpec(),
        history: ScalingHistory = .running, now: Timestamp = at(0)
    ) -> DecisionInput {
        let deciding = Set(metrics.map(\.name))
        let inputs = readings.keys.filter { !deciding.contains($0) }.sorted().map { InputSpec(name: $0) }
        return DecisionInput(
            spec: ScalingSpec(
                minReplicas: min, maxReplicas: 100, metrics: metrics, inputs: inputs, policy: policy, safety: .free,
                fallback: fallback),
            now: now, current: current, ready: current, readings: readings, history: history)
    }

    private static func decide(
        _ text: String, current: Int, _ readings: [String: MetricObservation], min: Int = 1
    ) throws -> Decision {
        DecisionEngine.decide(input([try formula(text)], current: current, readings, min: min)).decision
    }

    private static func value(_ value: Double) -> MetricObservation { .value(value, observedAt: at(-5)) }

    @Test("the replicas follow a formula's value, and the sentence shows the formula with its inputs filled in")
    func sentence() throws {
        let metric = try Self.formula("backlog / max(rate, 1)", target: 30, .value)
        let decision = DecisionEngine.decide(
            Self.input([metric], current: 4, ["backlog": Self.value(84), "rate": Self.value(2)])
        ).decision
        #expect(
            decision.reason
                == "Scale from 4 to 6: computed is 42 (84 / max(2, 1)) against a target of 30, ratio 1.4, which asks for 6."
        )
        #expect(decision.inputs.map(\.name) == ["backlog", "rate"])
        #expect(decision.metrics[0].formula == FormulaRecord(text: "backlog / max(rate, 1)", filled: "84 / max(2, 1)"))
        #expect(decision.metrics[0].observation == .value(42, observedAt: at(-5)))
    }

    @Test("a formula value that used `??` adds replicas")
    func assumedAdds() throws {
        let decision = try Self.decide("gone ?? 73", current: 4, ["gone": .noData("empty")])
        #expect(decision.desired == 8 && decision.limitedBy == [])
        #expect(decision.reason.contains("computed is 73 (no data ?? 73) by assumption (a value is missing)"))
        let fromZero = try Self.decide("gone ?? 73", current: 0, ["gone": .noData("empty")], min: 0)
        #expect(fromZero.desired == 8 || fromZero.limitedBy == [.switchedOff])
    }

    @Test("a formula value that used `??` removes no replicas, regardless of other metrics")
    func assumedRemovesNothing() throws {
        let decision = try Self.decide("gone ?? 11", current: 4, ["gone": .noData("empty")])
        #expect(decision.desired == 4 && decision.limitedBy == [.assumedValue])
        #expect(decision.reason.hasSuffix("asks for 2; no scale-down while computed is assumed."))
        #expect(decision.metrics[0].recommended == 2)
        let observed = try Self.decide("there ?? 11", current: 4, ["there": Self.value(11)])
        #expect(observed.desired == 2 && observed.limitedBy == [])
        let beside = DecisionEngine.decide(
            Self.input(
                [try Self.formula("gone ?? 11"), .queue], current: 4,
                ["gone": .noData("empty"), "queue": Self.value(9)]))
        #expect(beside.decision.desired == 4 && beside.decision.limitedBy == [.assumedValue])
        let adding = DecisionEngine.decide(
            Self.input(
                [try Self.formula("gone ?? 11"), .queue], current: 4,
                ["gone": .noData("empty"), "queue": Self.value(59)]))
        #expect(adding.decision.desired == 6 && adding.decision.limitedBy == [])
    }

    @Test("a formula value that used `??` does not count as idle")
    func assumedIsNotIdle() throws {
        let long = ScalingHistory(lastActiveTime: at(-9_999), lastSeenReplicas: 2, hasSeenReplicas: true)
        func decision(_ reading: MetricObservation) throws -> Decision {
            DecisionEngine.decide(
                Self.input([try Self.formula("a ?? 0")], current: 2, ["a": reading], min: 0, history: long)
            ).decision
        }
        let assumed = try decision(.noData("empty"))
        #expect(!assumed.isIdle && assumed.desired == 2)
        let observed = try decision(Self.value(0))
        #expect(observed.isIdle && observed.desired == 0 && observed.limitedBy == [.toZero])
    }

    @Test("an input alone starts no replicas, does not prevent idleness, and holds nothing if it has no value")
    func inputs() throws {
        let atZero = ScalingHistory(lastActiveTime: at(-9_999), scaledToZero: true, hasSeenReplicas: true)
        let start = DecisionEngine.decide(
            Self.input(
                [try Self.formula("a - 500")], current: 0, ["a": Self.value(400)], min: 0, history: atZero)
        ).decision
        #expect(start.desired == 0 && start.isIdle)
        let untaken = try Self.decide(
            "if(a > 1, a, gone)", current: 4, ["a": Self.value(11), "gone": .failed("refused")])
        #expect(untaken.desired == 2 && untaken.limitedBy == [])
        #expect(untaken.inputs[1] == InputRecord(name: "gone", observation: .failed("refused")))
    }

    @Test("a formula without a value counts as a missing metric, and its input is not counted in addition")
    func missing() throws {
        let fallback = FallbackSpec(failureThreshold: 2, replicas: 7, behavior: .static)
        var input = Self.input(
            [try Self.formula("a / b")], current: 4, ["a": Self.value(11), "b": .noData("empty")], fallback: fallback)
        let first = DecisionEngine.decide(input)
        #expect(first.decision.desired == 4 && first.decision.limitedBy == [.noData])
        #expect(first.decision.reason.contains("computed has no data (b has no data: empty)"))
        #expect(first.history.failures.keys.sorted() == ["computed"])
        input.history = first.history
        input.now = at(200)
        input.inputs = [.value(11, observedAt: at(200)), .value(0, observedAt: at(200))]
        let second = DecisionEngine.decide(input)
        #expect(second.decision.desired == 7 && second.decision.limitedBy == [.noData, .fallback])
        let beside = DecisionEngine.decide(
            Self.input(
                [try Self.formula("a"), .queue], current: 4, ["a": .failed("refused"), "queue": Self.value(9)]))
        #expect(beside.decision.desired == 4 && beside.decision.limitedBy == [.partialMetrics])
    }

    @Test("the age of formula inputs is checked, and the age of the result is not checked again")
    func age() throws {
        let metric = try Self.formula("a + b")
        var input = Self.input(
            [metric], current: 4, ["a": .value(33, observedAt: at(-300)), "b": .value(20, observedAt: at(-61))])
        input.spec.inputs = [InputSpec(name: "a", maxAge: .seconds(300)), InputSpec(name: "b", maxAge: .seconds(61))]
        let fresh = DecisionEngine.decide(input).decision
        #expect(fresh.metrics[0].observation == .value(53, observedAt: at(-300)) && fresh.desired == 6)
        input.spec.inputs[1].maxAge = .seconds(60)
        let stale = DecisionEngine.decide(input).decision
        #expect(stale.desired == 4 && stale.limitedBy == [.noData])
    }

    @Test("a negative formula result with target type Value is a failure")
    func negative() throws {
        let metric = try Self.formula("a - 9", .value)
        let decision = DecisionEngine.decide(Self.input([metric], current: 4, ["a": Self.value(2)])).decision
        guard case .failed = decision.metrics[0].observation else {
            Issue.record("\(decision.metrics[0].observation)")
            return
        }
        #expect(decision.desired == 4)
    }

    @Test("a formula may name a metric that has its own target")
    func decidingInput() throws {
        let decision = DecisionEngine.decide(
            Self.input([.queue, try Self.formula("queue * 2")], current: 1, ["queue": Self.value(31)])
        ).decision
        #expect(decision.metrics.map(\.recommended) == [4, 7] && decision.desired == 7)
    }

    @Test("formula inputs provide the error ratios of an objective, and an unknown budget removes no replicas")
    func objective() throws {
        func decision(_ long: MetricObservation) -> Decision {
            let readings = ["errors-5m": Self.value(0.0001), "errors-1h": long, "queue": Self.value(9)]
            return DecisionEngine.decide(
                Self.input([.queue], current: 4, readings, policy: SLOPolicy(objective: .threeNines))
            ).decision
        }
        #expect(decision(Self.value(0.0005)).desired == 1)
        let spent = decision(Self.value(0.0021))
        #expect(spent.desired == 4 && spent.limitedBy == [.errorBudget])
        let unknown = decision(.noData("empty"))
        #expect(unknown.desired == 4 && unknown.limitedBy == [.errorBudget])
        #expect(unknown.reason.hasSuffix("the error budget is unknown: errors-1h has no value."))
    }
}
