package import Scaling
package import WireFormats

/// The declarations of the built-in plugins' metric types, for decisions without running them.
///
/// In a cluster, the plugins' own declarations are used; a test compares this table with them.
package enum BuiltinMetricTypes {
    package struct Declaration: Sendable, Hashable {
        package var targetType: MetricSpec.TargetType
        /// The default maximum age, for a slow source.
        package var maxAge: Duration?

        package init(targetType: MetricSpec.TargetType, maxAge: Duration? = nil) {
            self.targetType = targetType
            self.maxAge = maxAge
        }
    }

    /// Returns the declaration for a config; nil if the type belongs to another plugin.
    package static func declaration(type: String, config: JSON) -> Declaration? {
        switch type {
        case "prometheus": Declaration(targetType: .value)
        case "http", "kafka", "keda-external", "kubernetes-objects", "postgresql", "redis":
            Declaration(targetType: .averageValue)
        case "kubernetes-resource": Declaration(targetType: .value, maxAge: .seconds(180))
        case "kubernetes-external": Declaration(targetType: .averageValue, maxAge: .seconds(180))
        case "kubernetes-custom":
            Declaration(targetType: config["object"] == nil ? .value : .averageValue, maxAge: .seconds(180))
        case "pubsub":
            Declaration(
                targetType: config["metric"] == "oldestUnackedAge" ? .value : .averageValue, maxAge: .seconds(300))
        default: nil
        }
    }
}
