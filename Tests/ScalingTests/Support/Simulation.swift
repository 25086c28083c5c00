import Scaling

/// A target and its scaler with a simulated clock, scaled like by the operator.
struct Simulation {
    var spec: ScalingSpec
    var history = ScalingHistory()
    /// Seconds since the start.
    var time = 0
    var current: Int
    var ready: Int?
    private(set) var decisions: [Decision] = []

    init(_ spec: ScalingSpec, current: Int) {
        self.spec = spec
        self.current = current
    }

    /// Decides once, applies the decision, and lets one polling interval pass.
    @discardableResult
    mutating func poll(_ readings: Reading...) -> Decision {
        let now = at(time)
        let outcome = DecisionEngine.decide(
            DecisionInput(
                spec: spec, now: now, current: current, ready: ready ?? current,
                observations: readings.map { $0.observed(at: now) }, history: history
            )
        )
        history = outcome.history
        let decision = outcome.decision
        decisions.append(decision)
        if decision.changesReplicas, !spec.isDryRun {
            history.recordScale(
                from: current, to: decision.desired, at: now, startsCooldown: decision.startsCooldown)
            current = decision.desired
        }
        time += Int(spec.pollingInterval.components.seconds)
        return decision
    }

    /// Each change of replicas with its time in seconds.
    var steps: [Step] {
        decisions.filter(\.changesReplicas).map {
            Step(second: Int(($0.time - at(0)).components.seconds), from: $0.current, to: $0.desired)
        }
    }

    struct Step: Hashable, Sendable {
        let second: Int
        let from: Int
        let to: Int
    }
}
