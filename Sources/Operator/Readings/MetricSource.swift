package import PluginHost
package import PluginProtocol
package import ServiceLifecycle
package import WireFormats

/// Where values of metrics come from. ``PluginHost`` is the real one; simulations and tests bring their own.
///
/// As a service it runs for as long as readings can be asked for.
package protocol MetricSource: Service {
    /// What is installed under that metric type; nil if nothing is, or its plugin has not started yet.
    func metricType(_ type: String) -> InstalledMetricType?

    /// How each plugin behind it fares.
    func health() async -> [PluginHealth]

    /// What the operator's own configuration gives every config of that type. The config's own fields win.
    func defaults(forType type: String) -> [String: JSON]

    /// A metric's own config over the defaults of its type.
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

    /// Those of the plugins behind these types that cannot be relied on now, by name.
    func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth]
}

extension MetricSource {
    /// A source without plugins has none that could fail.
    package func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth] { [] }

    package func defaulted(type: String, own: JSON) -> DefaultedConfig {
        DefaultedConfig(own, defaults: defaults(forType: type))
    }

    /// A source that answers and does no more.
    package func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription? { nil }
}

extension PluginHost: MetricSource {}
