import Scaling
import Testing

@Suite("The fallback")
struct FallbackTests {
    private func simulation(
        _ behavior: FallbackSpec.Behavior, replicas: Int = 6, current: Int, metrics: [MetricSpec] = [.rate],
        every seconds: Int = 60, min: Int = 1, safety: SafetyLimits = .free
    ) -> Simulation {
        let spec = ScalingSpec(
            minReplicas: min, maxReplicas: 9, pollingInterval: .seconds(seconds), metrics: metrics, safety: safety,
            fallback: FallbackSpec(failureThreshold: 3, replicas: replicas, behavior: behavior)
        )
        return Simulation(spec, current: current)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let behavior: FallbackSpec.Behavior
        let current: Int
        let desired: Int
        var testDescription: String { "\(behavior) of 6 at \(current)" }
    }

    @Test(
        "the fallback sets the replicas of each behavior if no metric has a value",
        arguments: [
            Case(behavior: .hold, current: 4, desired: 4), Case(behavior: .hold, current: 8, desired: 8),
            Case(behavior: .static, current: 4, desired: 6), Case(behavior: .static, current: 8, desired: 6),
            Case(behavior: .staticIfHigher, current: 4, desired: 6),
            Case(behavior: .staticIfHigher, current: 8, desired: 8),
            Case(behavior: .staticIfLower, current: 4, desired: 4),
            Case(behavior: .staticIfLower, current: 8, desired: 6),
        ])
    func full(_ row: Case) {
        var simulation = simulation(row.behavior, current: row.current)
        for _ in 0..<3 { #expect(simulation.poll(nil).limitedBy == [.noData]) }
        #expect(simulation.time == 180)
        let decision = simulation.poll(.failed)
        #expect(decision.recommended == row.desired)
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy == [.noData, .fallback])
    }

    @Test("the fallback waits 180 s, however short the polling interval")
    func shortPolls() {
        var simulation = simulation(.static, current: 4, every: 1)
        while simulation.time < 180 { #expect(simulation.poll(nil).limitedBy == [.noData]) }
        #expect(simulation.poll(nil).limitedBy == [.noData, .fallback])
    }

    @Test("the fallback waits for the failure threshold, however long the polling interval")
    func longPolls() {
        var simulation = simulation(.static, current: 4, every: 3_600)
        for _ in 0..<2 { #expect(simulation.poll(nil).limitedBy == [.noData]) }
        #expect(simulation.poll(nil).limitedBy == [.noData, .fallback])
    }

    @Test("a single value restarts the failure count and ends the fallback")
    func recovery() {
        var simulation = simulation(.static, current: 4)
        for _ in 0..<3 { simulation.poll(nil) }
        simulation.poll(100)
        for _ in 0..<3 { #expect(simulation.poll(nil).limitedBy == [.noData]) }
        #expect(simulation.poll(nil).desired == 6)
        #expect(simulation.poll(50).desired == 3)
    }

    @Test("scale-ups by the fallback ignore the cooldown, keep the rate, and are a polling interval apart")
    func stepsUp() {
        let safety = SafetyLimits.free.with {
            $0.cooldown = .seconds(3_600)
            $0.maxScaleUpRate = .replicas(1)
        }
        var simulation = simulation(.static, current: 4, safety: safety)
        for _ in 0..<3 { simulation.poll(nil) }
        #expect(simulation.poll(nil).limitedBy == [.noData, .fallback, .scaleUpRate])
        simulation.time -= 30
        #expect(simulation.poll(nil).limitedBy == [.noData, .fallback, .cooldown])
        simulation.time -= 30
        #expect(simulation.poll(nil).desired == 6)
    }

    @Test("scale-downs by the fallback keep the cooldown, the rate and the stabilization window")
    func stepsDown() {
        let safety = SafetyLimits(scaleDownCooldown: .seconds(600), maxScaleDownRate: .replicas(1))
        var simulation = simulation(.static, current: 9, safety: safety)
        for _ in 0..<3 { simulation.poll(nil) }
        #expect(simulation.poll(nil).limitedBy == [.noData, .fallback, .scaleDownStabilized])
        while simulation.time < 3_000 { simulation.poll(nil) }
        #expect(
            simulation.steps == [
                .init(second: 300 + 120, from: 9, to: 8), .init(second: 1_020, from: 8, to: 7),
                .init(second: 1_620, from: 7, to: 6),
            ]
        )
    }

    @Test("the fallback stays within the bounds", arguments: [(0, 4), (100, 9)])
    func bounds(replicas: Int, desired: Int) {
        var simulation = simulation(.static, replicas: replicas, current: 5, min: 4)
        for _ in 0..<4 { simulation.poll(nil) }
        #expect(simulation.current == desired)
    }

    @Test(
        "fallback replicas are a minimum for Static and StaticIfHigher if only some metrics fail",
        arguments: [
            (FallbackSpec.Behavior.static, 50.0, 6, [Cause.partialMetrics, .fallback]),
            (.static, 225, 9, []),
            (.staticIfHigher, 125, 6, [.partialMetrics, .fallback]),
            (.staticIfLower, 50, 4, [.partialMetrics]),
            (.hold, 50, 4, [.partialMetrics]),
            (.hold, 200, 8, []),
        ])
    func partial(behavior: FallbackSpec.Behavior, value: Double, desired: Int, causes: [Cause]) {
        var simulation = simulation(behavior, current: 4, metrics: [.rate, .queue])
        for _ in 0..<3 { simulation.poll(100, nil) }
        let decision = simulation.poll(.fresh(value), nil)
        #expect(decision.desired == desired)
        #expect(decision.limitedBy == causes)
    }

    @Test("fallback Static does not lower replicas while another metric has a value")
    func partialNeverLowers() {
        var simulation = simulation(.static, current: 8, metrics: [.rate, .queue])
        for _ in 0..<3 { simulation.poll(100, nil) }
        let decision = simulation.poll(10, nil)
        #expect(decision.desired == 8)
        #expect(decision.limitedBy == [.partialMetrics])
    }

    @Test("the fallback of a metric that failed long ago raises replicas even if another metric has just failed")
    func lastJustFailed() {
        var simulation = simulation(.static, current: 4, metrics: [.rate, .queue])
        simulation.spec.safety.maxScaleUpRate = .replicas(1)
        for _ in 0..<4 { simulation.poll(100, nil) }
        #expect(simulation.current == 5)
        let decision = simulation.poll(nil, nil)
        #expect(decision.desired == 6)
        #expect(decision.limitedBy == [.noData, .fallback])
    }

    @Test("the fallback starts replicas at 0 that a user set")
    func fromZero() {
        for others in [Reading.noData, 0] {
            var simulation = simulation(.staticIfHigher, current: 0, metrics: [.rate, .queue], min: 0)
            simulation.history = ScalingHistory(scaledToZero: true, hasSeenReplicas: true)
            for _ in 0..<3 { #expect(simulation.poll(nil, others).desired == 0) }
            #expect(simulation.poll(nil, others).desired == 6)
            #expect(simulation.decisions.last?.limitedBy.last == .fallback)
        }
    }

    @Test("a clock that goes back restarts the 180 s that the fallback waits")
    func clockBack() {
        var simulation = simulation(.static, current: 4)
        simulation.time = 10_000
        for _ in 0..<3 { simulation.poll(nil) }
        simulation.time = 0
        while simulation.time < 180 { #expect(simulation.poll(nil).limitedBy == [.noData]) }
        #expect(simulation.poll(nil).desired == 6)
    }
}
