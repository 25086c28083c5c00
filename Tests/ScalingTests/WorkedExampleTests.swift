import Scaling
import Testing

@Suite("The example of the documentation on a simulated clock")
struct WorkedExampleTests {
    private func example() -> Simulation {
        let spec = ScalingSpec(
            minReplicas: 2,
            maxReplicas: 10,
            metrics: [MetricSpec(name: "prometheus", target: 100, targetType: .value)],
            safety: SafetyLimits(
                cooldown: .seconds(300), maxScaleUpRate: .replicas(3), maxScaleDownRate: .replicas(1)
            )
        )
        return Simulation(spec, current: 2)
    }

    @Test("a load of 700 spread over the pods scales 2 -> 5 -> 7, exactly 300 s apart, and then stays")
    func constantLoad() {
        var simulation = example()
        while simulation.time < 4 * 3_600 { simulation.poll(.fresh(700 / Double(simulation.current))) }
        #expect(
            simulation.steps == [
                Simulation.Step(second: 0, from: 2, to: 5), Simulation.Step(second: 300, from: 5, to: 7),
            ]
        )
        #expect(simulation.decisions[0].limitedBy == [.scaleUpRate])
        #expect(simulation.decisions[1..<20].allSatisfy { $0.limitedBy == [.cooldown] && $0.recommended == 7 })
        #expect(simulation.decisions[21...].allSatisfy { $0.limitedBy.isEmpty && $0.desired == 7 })
    }

    @Test("replicas are removed one per cooldown when the load is gone, down to the minimum")
    func loadGone() {
        var simulation = example()
        simulation.current = 7
        while simulation.time < 4 * 3_600 { simulation.poll(0) }
        // The first wait is the stabilization window, which was initialized with 7 at the first poll.
        #expect(
            simulation.steps
                == (0..<5).map { Simulation.Step(second: 300 * ($0 + 1), from: 7 - $0, to: 6 - $0) }
        )
        #expect(simulation.decisions.last?.limitedBy == [.minReplicas])
    }

    @Test("a dry run decides the same first scale-up, marks it as a dry run, and changes nothing")
    func dryRun() {
        var simulation = example()
        simulation.spec.isDryRun = true
        for _ in 0..<40 { simulation.poll(.fresh(700 / Double(simulation.current))) }
        #expect(simulation.current == 2)
        #expect(simulation.decisions.allSatisfy { $0.desired == 5 && $0.limitedBy == [.scaleUpRate, .dryRun] })
    }
}
