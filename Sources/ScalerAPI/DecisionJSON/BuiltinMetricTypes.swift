package import Scaling
package import WireFormats

/// The declarations of the built-in plugins' metric types, for decisions without running them.
///
/// The plugins' own answers are what counts in a cluster; a test holds this table to them.
package enum BuiltinMetricTypes {
    package struct Declaration: Sendable, Hashable {
        package var targetType: MetricSpec.TargetType
        /// Where the source is slow.
        package var maxAge: Duration?

        package init(targetType: MetricSpec.TargetType, maxAge: Duration? = nil) {
            self.targetType = targetType
            self.maxAge = maxAge
        }
    }

    /// Returns what the plugin says of a config; nil if the type is of another plugin.
    package static func declaration(type: String, config: JSON) -> Declaration? {
        switch type {
        case "prometheus": Declaration(targetType: .value)
        case "http", "redis": Declaration(targetType: .averageValue)
        case "pubsub":
            Declaration(
                targetType: config["metric"] == "oldestUnackedAge" ? .value : .averageValue, maxAge: .seconds(300))
        default: nil
        }
    }
}
