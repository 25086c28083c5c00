package import Scaling

/// The changes that would cause the next scaling event, computed with the engine, so that they respect every rule.
package struct Outlook: Sendable {
    /// Values of one metric at which it would ask for other replicas than there are, alone.
    package struct Thresholds: Sendable, Hashable {
        /// Above this it asks for more; nil: never.
        package var more: Double?
        /// At or below this it asks for fewer; nil: never.
        package var fewer: Double?
    }

    /// Whether, and from when on, one step in a direction is let through once the metrics ask for it.
    package enum Step: Sendable, Hashable {
        case from(Timestamp)
        /// The causes that prevent it at present.
        case held([Cause])
    }

    /// By metric, in the order of the spec; nil for one that recommends nothing, such as an error ratio.
    package let thresholds: [Thresholds?]
    package let up: Step
    /// To a count above 0.
    package let down: Step
    /// To 0 replicas, once every metric is idle; nil if `minReplicas` does not allow it.
    package let zero: Step?

    /// No cooldown is longer; what is still held then is held by something else.
    private static let horizon: Duration = .seconds(2 * 86_400)
    private static let largestValue = 1e15

    /// - Parameter input: as of now; its observations are those of the last decision.
    package init(_ input: DecisionInput) {
        thresholds = input.spec.metrics.map { Self.thresholds(of: $0, input) }
        let isAboveZero = input.current > 0
        up = Self.step(
            input,
            asking: zip(input.spec.metrics, thresholds).map { metric, thresholds in
                // At 0 a metric has to be above its activation value and no more.
                let wanted = isAboveZero ? thresholds?.more ?? 0 : metric.activation
                return thresholds == nil ? nil : max(wanted * 2, wanted + metric.target)
            }
        ) { $0.desired > $0.current }
        var withoutZero = input
        withoutZero.spec.minReplicas = max(1, input.spec.minReplicas)
        down = Self.step(withoutZero, asking: thresholds.map { $0.map { max(0, $0.fewer ?? 0) } }) {
            $0.desired < $0.current
        }
        let canGo = input.spec.minReplicas == 0 && isAboveZero
        zero = canGo ? Self.step(input, asking: input.spec.metrics.map(Self.idleValue)) { $0.desired == 0 } : nil
    }

    /// Returns nil if no value of the metric counts as idle.
    private static func idleValue(of metric: MetricSpec) -> Double? {
        metric.targetType == .value && metric.activation < 0 ? nil : metric.activation
    }

    // MARK: Thresholds

    private static func thresholds(of metric: MetricSpec, _ input: DecisionInput) -> Thresholds? {
        func asked(_ value: Double) -> Int? {
            input.spec.policy.recommend(
                PolicyInput(
                    now: input.now, current: input.current, ready: input.ready ?? 0, metrics: [metric],
                    observations: [.value(value, observedAt: input.now)],
                    scaleUpStep: input.spec.safety.maxScaleUpRate.step(from: input.current)
                )
            ).replicas
        }
        guard isInPolicy(metric, input), asked(metric.target) != nil else { return nil }
        return Thresholds(
            more: boundary { (asked($0) ?? 0) > input.current },
            fewer: (asked(0) ?? 0) < input.current ? boundary { (asked($0) ?? 0) >= input.current } : nil
        )
    }

    /// Returns whether the policy recommends replicas from this metric, among its fellows.
    private static func isInPolicy(_ metric: MetricSpec, _ input: DecisionInput) -> Bool {
        let observations = input.spec.metrics.map { other in
            other.name == metric.name
                ? MetricObservation.value(metric.target, observedAt: input.now) : .noData("left out")
        }
        let records = input.spec.policy.recommend(
            PolicyInput(
                now: input.now, current: input.current, ready: input.current, metrics: input.spec.metrics,
                observations: observations, scaleUpStep: 0)
        ).records
        return records.contains { $0.name == metric.name && $0.recommended != nil }
    }

    /// Returns the greatest value at which the condition does not hold yet: it holds from some value on. Nil: never.
    private static func boundary(_ holds: (Double) -> Bool) -> Double? {
        guard holds(largestValue) else { return nil }
        var (low, high) = (0.0, largestValue)
        // Each turn halves what is left, on a scale where values of every size have their place.
        for _ in 0..<200 {
            let middle = high > 4 * max(low, 1e-6) ? max(low, 1e-6) * 2 : low + (high - low) / 2
            guard middle > low, middle < high else { break }
            if holds(middle) { high = middle } else { low = middle }
        }
        return low
    }

    // MARK: Time

    private static func step(
        _ input: DecisionInput, asking values: [Double?], isTaken: (Decision) -> Bool
    ) -> Step {
        // What the windows remember comes and goes with the metrics; here only what the clock brings is asked for.
        var input = input
        input.spec.safety.scaleUpStabilization = .zero
        input.spec.safety.scaleDownStabilization = .zero
        // Idle from now on, if nothing is known of before.
        input.history.lastActiveTime = input.history.lastActiveTime ?? input.now
        let (now, observations) = (input.now, input.observations)
        func decision(after seconds: Int) -> Decision {
            input.now = now + .seconds(seconds)
            input.observations = zip(values, observations).map { value, last in
                guard let value = value ?? last.value else { return last }
                return .value(value, observedAt: input.now)
            }
            return DecisionEngine.decide(input).decision
        }
        let last = Int(horizon.components.seconds)
        if isTaken(decision(after: 0)) { return .from(now) }
        guard isTaken(decision(after: last)) else { return .held(decision(after: last).limitedBy) }
        var (held, taken) = (0, last)
        while taken - held > 1 {
            let middle = (held + taken) / 2
            if isTaken(decision(after: middle)) { taken = middle } else { held = middle }
        }
        return .from(now + .seconds(taken))
    }
}
