import Scaling

/// A model of a metric: the load that its recorded values show, and the values with other replicas.
struct MetricModel {
    enum Kind {
        /// The trace has a total that the replicas share; the scaler reads the total.
        case total
        /// The scaler reads the load per ready replica: the total of the trace, or its value times its replicas.
        case perReplica
        /// The value does not depend on the replicas.
        case replayed
    }

    let metric: MetricSpec
    let kind: Kind
    let source: MetricCells
    /// The load that one ready replica can take; for a replayed metric the greatest value within the SLO. Nil for a
    /// metric that does not count, such as the ratio of an error budget.
    let capacity: Double?

    /// Returns the load on all replicas that the sample implies.
    func demand(_ recorded: MetricObservation, recordedReplicas: Int?) -> Double? {
        guard let value = recorded.value else { return nil }
        guard kind == .perReplica, let recordedReplicas else { return value }
        return value * Double(recordedReplicas)
    }

    /// Returns the value that the scaler reads if that many replicas are ready.
    func observation(_ recorded: MetricObservation, recordedReplicas: Int?, ready: Int) -> MetricObservation {
        func reading(_ value: Double) -> Double {
            self.reading(value, demand(recorded, recordedReplicas: recordedReplicas), ready)
        }
        return switch recorded {
        case .noData, .failed: recorded
        case .value(let value, let observedAt): .value(reading(value), observedAt: observedAt)
        case .assumed(let value, let observedAt): .assumed(reading(value), observedAt: observedAt)
        }
    }

    /// Returns a formula with its inputs filled in, and how its value follows from that with so many ready replicas.
    func filled(_ formula: String, recordedReplicas: Int?, ready: Int) -> String {
        guard kind == .perReplica, recordedReplicas != ready else { return formula }
        let load = recordedReplicas.map { "(\(formula)) * \($0)" } ?? "(\(formula))"
        return "\(load) / \(max(ready, 1))"
    }

    private func reading(_ value: Double, _ demand: Double?, _ ready: Int) -> Double {
        guard kind == .perReplica, let demand else { return value }
        // With the recorded number of replicas, this is exactly the recorded value.
        return demand == value * Double(ready) ? value : demand / Double(max(ready, 1))
    }

    /// Returns the load on each ready replica, which is compared with the target.
    func load(demand: Double?, ready: Int) -> Double? {
        guard let demand else { return nil }
        return kind == .replayed ? demand : demand / Double(max(ready, 1))
    }

    /// Returns whether each ready replica can take its share.
    func standing(demand: Double?, ready: Int) -> BacktestStep.Standing {
        guard let capacity else { return .notCounted }
        guard let demand, let load = load(demand: demand, ready: ready) else { return .unknown }
        let isWithin =
            kind != .replayed && ready == 0
            ? demand <= metric.activation : load <= capacity * (1 + Self.forgivenRounding)
        return isWithin ? .within : .exceeded
    }

    private static let forgivenRounding = 1e-9
}
