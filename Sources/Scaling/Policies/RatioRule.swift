/// The recommendation of one metric: the ratio of the observed to the target value, as in the HorizontalPodAutoscaler.
///
/// Source: Kubernetes documentation, "Horizontal Pod Autoscaling", algorithm details; two differences (ready replicas
/// limit a scale-up, and a scale-down is held while half of the replicas are not ready) prevent repeated scale-ups
/// during a rollout.
struct RatioRule: Sendable, Hashable {
    var scaleUpTolerance: Double
    var scaleDownTolerance: Double

    struct Outcome: Sendable, Hashable {
        var ratio: Double?
        var recommended: Int
        /// The reason why `recommended` is the current replicas although the ratio requires a change.
        var heldBy: Cause?

        /// Returns the outcome of a metric whose source has work for at most so many replicas.
        func capped(at most: Int?) -> Outcome {
            guard let most, most < recommended else { return self }
            return Outcome(ratio: ratio, recommended: most, heldBy: .usefulReplicas)
        }
    }

    func outcome(value: Double, metric: MetricSpec, current: Int, ready: Int) -> Outcome {
        switch metric.targetType {
        case .value: valueOutcome(value / metric.target, current: current, ready: ready)
        case .averageValue: averageOutcome(max(0, value), target: metric.target, current: current)
        }
    }

    private func valueOutcome(_ ratio: Double, current: Int, ready: Int) -> Outcome {
        guard current > 0 else { return Outcome(ratio: ratio, recommended: 0) }
        let wanted =
            ratio > 1
            ? max(current, Self.replicas(Double(min(ready, current)) * ratio))
            : min(current, max(1, Self.replicas(Double(current) * ratio)))
        if isTolerated(ratio) {
            return Outcome(ratio: ratio, recommended: current, heldBy: wanted == current ? nil : .tolerance)
        }
        // Traffic that dropped because pods are not ready is no reason to remove pods.
        if ratio < 1, ready * 2 < current {
            return Outcome(ratio: ratio, recommended: current, heldBy: wanted == current ? nil : .notReady)
        }
        let isHeld = wanted == current && ready < current && Self.replicas(Double(current) * ratio) > current
        return Outcome(ratio: ratio, recommended: wanted, heldBy: isHeld ? .notReady : nil)
    }

    private func averageOutcome(_ value: Double, target: Double, current: Int) -> Outcome {
        guard current > 0 else { return Outcome(ratio: nil, recommended: Self.replicas(value / target)) }
        let ratio = value / (target * Double(current))
        let wanted = max(1, Self.replicas(value / target))
        if isTolerated(ratio) {
            return Outcome(ratio: ratio, recommended: current, heldBy: wanted == current ? nil : .tolerance)
        }
        return Outcome(ratio: ratio, recommended: wanted)
    }

    private func isTolerated(_ ratio: Double) -> Bool {
        ratio >= 1 - scaleDownTolerance && ratio <= 1 + scaleUpTolerance
    }

    /// Returns the number rounded up, after removing the floating-point error, clamped to 0...Int32.max, so that no
    /// number can trap.
    static func replicas(_ exact: Double) -> Int {
        let ceiling = (exact - 1e-9).rounded(.up)
        return ceiling > 0 ? Int(min(ceiling, Double(Int32.max))) : 0
    }
}
