package import Scaling

/// Computes the changes that would cause the next scaling event with the engine, so that they respect every rule.
package struct Outlook: Sendable {
    /// Values of one metric at which this metric alone would request a change of replicas.
    package struct Thresholds: Sendable, Hashable {
        /// Above this value it requests more; nil if never.
        package var more: Double?
        /// At or below this value it requests fewer; nil if never.
        package var fewer: Double?
    }

    /// Whether, and from when on, a step in a direction is allowed once the metrics request it.
    package enum Step: Sendable, Hashable {
        case from(Timestamp)
        /// Held by these causes at present.
        case held([Cause])
    }

    /// The thresholds by metric, in the order of the spec; nil for a metric that recommends nothing, such as an error
    /// ratio.
    package let thresholds: [Thresholds?]
    package let up: Step
    /// The step down to a count above 0.
    package let down: Step
    /// The step to 0 replicas once every metric is idle; nil if `minReplicas` does not allow it.
    package let zero: Step?

    /// Longer than any cooldown: a hold that lasts longer has another cause.
    private static let horizon: Duration = .seconds(2 * 86_400)
    private static let largestValue = 1e15

    /// - Parameter input: the current input, with the observations of the last decision.
    package init(_ input: DecisionInput) {
        thresholds = input.spec.metrics.map { Self.thresholds(of: $0, input) }
        let isAboveZero = input.current > 0
        up = Self.step(
            input.allActive(true),
            asking: zip(input.spec.metrics, thresholds).map { metric, thresholds in
                // At 0, exceeding the activation value is sufficient.
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
        zero =
            canGo
            ? Self.step(input.allActive(false), asking: input.spec.metrics.map { Self.idleValue(of: $0, input) }) {
                $0.desired == 0
            } : nil
    }

    /// Returns a value of the metric that counts as idle; nil if there is none, or if its source decides.
    private static func idleValue(of metric: MetricSpec, _ input: DecisionInput) -> Double? {
        if input.activity[metric.name] != nil { return nil }
        return metric.targetType == .value && metric.activation < 0 ? nil : metric.activation
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

    /// Returns whether the policy recommends replicas from this metric when all metrics are present.
    private static func isInPolicy(_ metric: MetricSpec, _ input: DecisionInput) -> Bool {
        let observations = input.spec.metrics.map { other in
            other.name == metric.name
                ? MetricObservation.value(metric.target, observedAt: input.now) : .noData("omitted")
        }
        let records = input.spec.policy.recommend(
            PolicyInput(
                now: input.now, current: input.current, ready: input.current, metrics: input.spec.metrics,
                observations: observations, scaleUpStep: 0)
        ).records
        return records.contains { $0.name == metric.name && $0.recommended != nil }
    }

    /// Returns the greatest value at which the monotonic condition does not hold; nil if it never holds.
    private static func boundary(_ holds: (Double) -> Bool) -> Double? {
        guard holds(largestValue) else { return nil }
        var (low, high) = (0.0, largestValue)
        // Doubles first and then bisects, so that values of all magnitudes are covered.
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
        // The recommendations in the windows change with the metrics; this search varies only the time.
        var input = input
        input.spec.safety.scaleUpStabilization = .zero
        input.spec.safety.scaleDownStabilization = .zero
        // Assumes idleness from now on if nothing earlier is known.
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

extension DecisionInput {
    /// Returns the input with this as what every source says that says whether it has work.
    fileprivate func allActive(_ isActive: Bool) -> DecisionInput {
        var input = self
        input.activity = activity.mapValues { _ in isActive }
        return input
    }
}
