/// The recommendation of one metric: the ratio of the observed to the target value, as in the HorizontalPodAutoscaler.
///
/// Source: Kubernetes documentation, "Horizontal Pod Autoscaling", algorithm details; the differences (ready replicas
/// bound a scale-up, half of the replicas not ready holds a scale-down) keep a rollout from compounding.
struct RatioRule: Sendable, Hashable {
    var scaleUpTolerance: Double
    var scaleDownTolerance: Double

    struct Outcome: Sendable, Hashable {
        var ratio: Double?
        var recommended: Int
        /// Why `recommended` is the current replicas although the ratio alone asks for others.
        var heldBy: Cause?
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
            ? max(current, replicas(Double(min(ready, current)) * ratio))
            : min(current, max(1, replicas(Double(current) * ratio)))
        if isTolerated(ratio) {
            return Outcome(ratio: ratio, recommended: current, heldBy: wanted == current ? nil : .tolerance)
        }
        // Traffic that fell because pods are down is no reason to remove pods.
        if ratio < 1, ready * 2 < current {
            return Outcome(ratio: ratio, recommended: current, heldBy: wanted == current ? nil : .notReady)
        }
        let isHeld = wanted == current && ready < current && replicas(Double(current) * ratio) > current
        return Outcome(ratio: ratio, recommended: wanted, heldBy: isHeld ? .notReady : nil)
    }

    private func averageOutcome(_ value: Double, target: Double, current: Int) -> Outcome {
        guard current > 0 else { return Outcome(ratio: nil, recommended: replicas(value / target)) }
        let ratio = value / (target * Double(current))
        let wanted = max(1, replicas(value / target))
        if isTolerated(ratio) {
            return Outcome(ratio: ratio, recommended: current, heldBy: wanted == current ? nil : .tolerance)
        }
        return Outcome(ratio: ratio, recommended: wanted)
    }

    private func isTolerated(_ ratio: Double) -> Bool {
        ratio >= 1 - scaleDownTolerance && ratio <= 1 + scaleUpTolerance
    }

    /// Returns the next whole number, forgiving the rounding error of a product, from 0 to `Int32.max`: no number can
    /// trap.
    private func replicas(_ exact: Double) -> Int {
        let ceiling = (exact - 1e-9).rounded(.up)
        return ceiling > 0 ? Int(min(ceiling, Double(Int32.max))) : 0
    }
}
