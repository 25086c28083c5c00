/// The average over the pods of a workload, by the rules of the HorizontalPodAutoscaler for pods without a value.
///
/// The HPA computes replicas; this computes the average that makes the operator compute the same. The operator multiplies
/// the average's ratio to the target by the ready replicas for a scale-up, and by the current replicas for a scale-down.
///
/// Source: Kubernetes pkg/controller/podautoscaler/replica_calculator.go, `GetResourceReplicas` and
/// `calcPlainMetricReplicas`, of 1.34. One difference: for a scale-down, the HPA multiplies by the pods that count, so that it
/// also removes the pods that are not ready; the operator assumes that they will be used like the others.
struct PodAverage: Sendable, Hashable {
    enum Measure: Sendable, Hashable {
        /// The value as a percentage of what the pods request.
        case percentOfRequests
        /// The value itself.
        case value
    }

    struct Pod: Sendable, Hashable {
        var state: PodState
        /// The value; 0 unless the pod counts.
        var value = 0.0
        /// What the pod requests; 1 if the measure is not of requests.
        var request = 1.0
        /// Whether the operator counts it among the ready replicas.
        var isReady = true
    }

    struct Outcome: Sendable, Hashable {
        let average: Double
        /// Whether the values of the pods that count alone would have changed the replicas, and the assumptions about the
        /// others prevent it.
        var isHeld = false
    }

    /// The HPA's own tolerance: a smaller change than this is not made on assumptions.
    private static let tolerance = 0.1

    let measure: Measure
    let target: Double?

    /// Returns nil if no pod counts, or the pods that count request nothing.
    func outcome(_ pods: [Pod]) -> Outcome? {
        let counted = pods.filter { $0.state == .counted }
        guard let average = average(of: counted) else { return nil }
        // Without a target there is no direction, so that nothing can be assumed.
        guard let target, target > 0 else { return Outcome(average: average) }
        let unready = pods.filter { $0.state == .unready }
        let missing = pods.filter { $0.state == .missing }
        let isUp = average > target
        guard !missing.isEmpty || isUp && !unready.isEmpty else { return Outcome(average: average) }
        guard average != target else { return Outcome(average: average) }
        let assumed = isUp ? missing + unready : missing
        let all = counted + assumed.map { isUp ? $0 : filled($0, target) }
        guard let whole = self.average(of: all) else { return nil }
        let ratio = whole / target
        guard isUp ? ratio > 1 + Self.tolerance : ratio < 1 - Self.tolerance else {
            return Outcome(average: target, isHeld: true)
        }
        guard isUp else { return Outcome(average: whole) }
        // The operator counts the ready pods only, and `whole` is the average over all.
        let ready = all.count(where: \.isReady)
        return Outcome(average: ready > 0 && ready < all.count ? whole * Double(all.count) / Double(ready) : whole)
    }

    /// Divides once, and whole numbers: in binary, neither 0.1 cores nor their sum and quotient are exact.
    private func average(of pods: [Pod]) -> Double? {
        let scale = Self.scale(pods)
        let requests = pods.reduce(0) { $0 + Self.whole($1.request, scale) }
        guard requests > 0 else { return nil }
        let value = pods.reduce(0) { $0 + Self.whole($1.value, scale) }
        return measure == .percentOfRequests ? value * 100 / requests : value / requests
    }

    /// The finest unit of the metrics API.
    private static let nano = 1e9

    /// Returns what makes all amounts whole numbers.
    private static func scale(_ pods: [Pod]) -> Double {
        pods.allSatisfy { $0.value == $0.value.rounded() && $0.request == $0.request.rounded() } ? 1 : nano
    }

    private static func whole(_ amount: Double, _ scale: Double) -> Double { (amount * scale).rounded() }

    /// Returns a pod without a value as a scale-down counts it: it uses all of its request, or the target.
    private func filled(_ pod: Pod, _ target: Double) -> Pod {
        var pod = pod
        pod.value = measure == .percentOfRequests ? pod.request * max(100, target) / 100 : target
        return pod
    }
}
