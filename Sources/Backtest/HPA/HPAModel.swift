package import Scaling

/// The algorithm of the HorizontalPodAutoscaler, as its documentation describes it.
///
/// Every pod counts as ready and measured: the rules for missing and unready pods are not part of the model. A pure state
/// machine: the caller applies the result.
///
/// Source: https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/ and KEP-853 for `behavior`.
package struct HPAModel: Sendable {
    /// Why a step has its result.
    package enum Reason: String, Sendable, Hashable {
        /// The metrics ask for it.
        case metrics
        case tolerance, noData, stabilized, rate, bounds
        /// The target is at 0 replicas, which the HPA does not change.
        case disabled
        /// KEDA starts or stops the target.
        case activation
    }

    package struct Step: Sendable, Hashable {
        package let desired: Int
        package let reason: Reason

        package init(desired: Int, reason: Reason) {
            self.desired = desired
            self.reason = reason
        }
    }

    package struct Reading {
        package let metric: MetricSpec
        /// Nil if there is none.
        package let value: Double?

        package init(metric: MetricSpec, value: Double?) {
            self.metric = metric
            self.value = value
        }
    }

    private struct Change {
        let time: Timestamp
        /// The replicas that were added or removed; above 0.
        let count: Int
    }

    package let settings: HPASettings
    private var recommendations: [(time: Timestamp, replicas: Int)] = []
    private var added: [Change] = []
    private var removed: [Change] = []

    package init(_ settings: HPASettings) { self.settings = settings }

    /// Makes one decision, and records it as applied.
    package mutating func sync(at now: Timestamp, current: Int, ready: Int, _ readings: [Reading]) -> Step {
        let step = decide(now, current, ready, readings)
        record(from: current, to: step.desired, at: now)
        return step
    }

    /// Records a change by another client, such as KEDA's start from 0. The HPA does not count it.
    package mutating func forget() {
        recommendations = []
    }

    private mutating func record(from current: Int, to desired: Int, at now: Timestamp) {
        if desired > current { added.append(Change(time: now, count: desired - current)) }
        if desired < current { removed.append(Change(time: now, count: current - desired)) }
        let longest = max(settings.up.longestPeriod, settings.down.longestPeriod)
        added.removeAll { now - $0.time > longest }
        removed.removeAll { now - $0.time > longest }
        let window = max(settings.up.stabilization, settings.down.stabilization)
        recommendations.removeAll { now - $0.time > window }
    }

    private mutating func decide(_ now: Timestamp, _ current: Int, _ ready: Int, _ readings: [Reading]) -> Step {
        if current == 0, settings.minReplicas > 0 { return Step(desired: 0, reason: .disabled) }
        if current > settings.maxReplicas { return Step(desired: settings.maxReplicas, reason: .bounds) }
        if current < settings.minReplicas { return Step(desired: settings.minReplicas, reason: .bounds) }
        let proposal = propose(current, ready, readings)
        recommendations.append((now, proposal.desired))
        let stabilized = stabilize(proposal.desired, current: current, now)
        let allowed = limit(stabilized, current: current, now)
        let bounded = min(max(allowed, settings.minReplicas), settings.maxReplicas)
        if bounded != allowed || (bounded != stabilized && stabilized > settings.maxReplicas) {
            return Step(desired: bounded, reason: .bounds)
        }
        if allowed != stabilized { return Step(desired: bounded, reason: .rate) }
        if stabilized != proposal.desired { return Step(desired: bounded, reason: .stabilized) }
        return Step(desired: bounded, reason: proposal.reason)
    }

    // MARK: The metrics

    /// Returns the highest proposal. If a metric has no value, none is removed.
    private func propose(_ current: Int, _ ready: Int, _ readings: [Reading]) -> Step {
        var highest: Step?
        var isMissing = false
        for reading in readings {
            guard let value = reading.value, value.isFinite else {
                isMissing = true
                continue
            }
            let proposal = propose(current, ready, value, reading.metric)
            if proposal.desired > highest?.desired ?? -1 { highest = proposal }
        }
        guard let highest else { return Step(desired: current, reason: .noData) }
        guard !isMissing || highest.desired >= current else { return Step(desired: current, reason: .noData) }
        return highest
    }

    private func propose(_ current: Int, _ ready: Int, _ value: Double, _ metric: MetricSpec) -> Step {
        let isTotal = metric.targetType == .averageValue
        let ratio = isTotal && current > 0 ? value / (metric.target * Double(current)) : value / metric.target
        let lower = 1 - (settings.down.tolerance ?? settings.tolerance)
        let upper = 1 + (settings.up.tolerance ?? settings.tolerance)
        if current > 0, ratio >= lower, ratio <= upper { return Step(desired: current, reason: .tolerance) }
        let replicas = isTotal || current == 0 ? value / metric.target : ratio * Double(ready)
        return Step(desired: Self.count(replicas), reason: .metrics)
    }

    /// Rounds up, up to the limit of Kubernetes.
    private static func count(_ replicas: Double) -> Int {
        Int(min(max(replicas.rounded(.up), 0), Double(Int32.max)))
    }

    // MARK: Behavior

    /// Limits a scale-up to the lowest recommendation of its window, and a scale-down to the highest of its window.
    private func stabilize(_ desired: Int, current: Int, _ now: Timestamp) -> Int {
        func inside(_ window: Duration) -> [Int] {
            recommendations.filter { now - $0.time < window }.map(\.replicas) + [desired]
        }
        let lowest = inside(settings.up.stabilization).min() ?? desired
        let highest = inside(settings.down.stabilization).max() ?? desired
        return min(max(current, lowest), highest)
    }

    private func limit(_ desired: Int, current: Int, _ now: Timestamp) -> Int {
        if desired > current { return min(desired, max(highestAllowed(current, now), current)) }
        if desired < current { return max(desired, min(lowestAllowed(current, now), current)) }
        return desired
    }

    private func replicas(_ current: Int, before period: Duration, _ now: Timestamp) -> Int {
        func sum(_ changes: [Change]) -> Int { changes.filter { now - $0.time < period }.reduce(0) { $0 + $1.count } }
        return current - sum(added) + sum(removed)
    }

    private func highestAllowed(_ current: Int, _ now: Timestamp) -> Int {
        let rules = settings.up
        guard rules.select != .disabled else { return current }
        let limits = rules.policies.map { policy in
            let start = replicas(current, before: policy.period, now)
            return policy.isPercent
                ? Self.count(Double(start) * (1 + Double(policy.value) / 100)) : start + policy.value
        }
        return (rules.select == .max ? limits.max() : limits.min()) ?? current
    }

    private func lowestAllowed(_ current: Int, _ now: Timestamp) -> Int {
        let rules = settings.down
        guard rules.select != .disabled else { return current }
        let limits = rules.policies.map { policy in
            let start = replicas(current, before: policy.period, now)
            return policy.isPercent
                ? Int(Double(start) * (1 - Double(policy.value) / 100)) : start - policy.value
        }
        return (rules.select == .max ? limits.min() : limits.max()) ?? current
    }
}
