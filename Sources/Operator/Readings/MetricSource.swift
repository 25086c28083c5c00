package import PluginHost
package import PluginProtocol
package import ServiceLifecycle
package import WireFormats

/// A source of metric values. ``PluginHost`` is the production source; simulations and tests have their own.
///
/// As a service it runs for as long as readings can be asked for.
package protocol MetricSource: Service {
    /// Returns what is installed under that metric type; nil if nothing is, or its plugin has not started yet.
    func metricType(_ type: String) -> InstalledMetricType?

    /// Returns how each plugin behind it fares.
    func health() async -> [PluginHealth]

    /// Returns what the operator's own configuration gives every config of that type. The config's own fields win.
    func defaults(forType type: String) -> [String: JSON]

    /// Returns a metric's own config over the defaults of its type.
    func defaulted(type: String, own: JSON) -> DefaultedConfig

    func validate(type: String, config: PluginConfig) async -> ConfigVerdict

    /// - Throws: ``PluginFailure``, after `timeout` at the latest.
    func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading

    /// Registers a periodic read with the source, and subscribes to changes, in addition to
    /// ``read(type:config:targetType:timeout:)``, if the type's plugin can.
    ///
    /// - Parameter deliver: called from any thread, never from within this call; does not block.
    /// - Returns: what ends it; nil if the source needs no such word.
    func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription?

    /// Returns the unhealthy ones of the plugins of these types, by name.
    func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth]
}

extension MetricSource {
    /// Returns a source without plugins has none that could fail.
    package func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth] { [] }

    package func defaulted(type: String, own: JSON) -> DefaultedConfig {
        DefaultedConfig(own, defaults: defaults(forType: type))
    }

    /// Returns a source that answers and does no more.
    package func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription? { nil }
}

extension PluginHost: MetricSource {}
