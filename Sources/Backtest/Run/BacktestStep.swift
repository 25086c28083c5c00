package import Scaling

/// A poll of a backtest.
package struct BacktestStep: Sendable {
    /// The relation of the load to the capacity of the ready replicas.
    package enum Standing: Sendable, Hashable {
        case within, exceeded
        /// The load is not known.
        case unknown
        /// The metric is not one of load.
        case notCounted
    }

    package struct Metric: Sendable, Hashable {
        /// The load of all replicas together, or the value of a metric that does not depend on them; nil if it is not
        /// known.
        package var demand: Double?
        /// The load on each ready replica, which is compared with the target; nil if it is not known.
        package var load: Double?
        package var standing: Standing
    }

    package var decision: Decision
    /// The metrics, in the order of the spec.
    package var metrics: [Metric]

    /// Exceeded if any metric exceeds its capacity; within capacity only if that is known of every metric that counts.
    package var standing: Standing {
        let counted = metrics.map(\.standing).filter { $0 != .notCounted }
        if counted.isEmpty { return metrics.allSatisfy { $0.demand != nil } ? .within : .unknown }
        if counted.contains(.exceeded) { return .exceeded }
        return counted.contains(.unknown) ? .unknown : .within
    }
}
