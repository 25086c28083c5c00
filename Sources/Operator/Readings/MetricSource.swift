package import PluginHost
package import PluginProtocol
package import ServiceLifecycle
package import WireFormats

/// A source of metric values. ``PluginHost`` is the production source; simulations and tests have their own.
///
/// The service must run while readings are requested.
package protocol MetricSource: Service {
    /// Returns the metric type's plugin and declaration; nil if none is installed, or its plugin has not started yet.
    func metricType(_ type: String) -> InstalledMetricType?

    /// Returns the health of each plugin of the source.
    func health() async -> [PluginHealth]

    /// Returns the operator's defaults for configs of that type. The config's own fields take precedence.
    func defaults(forType type: String) -> [String: JSON]

    /// Returns a metric's own config merged over the defaults of its type.
    func defaulted(type: String, own: JSON) -> DefaultedConfig

    func validate(type: String, config: PluginConfig) async -> ConfigVerdict

    /// - Throws: ``PluginFailure``, after `timeout` at the latest.
    func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading

    /// Returns a metric's history.
    ///
    /// - Throws: ``PluginFailure``; of the kind `notSupported` if the source has no history.
    func readRange(
        type: String, config: PluginConfig, targetType: TargetType, window: RangeWindow, timeout: Duration
    ) async throws(PluginFailure) -> MetricRange

    /// Registers a periodic read with the source, and subscribes to changes, in addition to
    /// ``read(type:config:targetType:timeout:)``, if the type's plugin supports it.
    ///
    /// - Parameter deliver: called from any thread, never from within this call; does not block.
    /// - Returns: a handle that ends the subscription; nil if the source does not support subscriptions.
    func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription?

    /// Returns the unhealthy plugins of these types, by name.
    func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth]
}

extension MetricSource {
    /// The default implementation, for a source without plugins: none is unhealthy.
    package func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth] { [] }

    /// The default implementation, for a source without history.
    package func readRange(
        type: String, config: PluginConfig, targetType: TargetType, window: RangeWindow, timeout: Duration
    ) async throws(PluginFailure) -> MetricRange {
        throw PluginFailure(.notSupported, plugin: nil, "the source of \"\(type)\" has no history")
    }

    package func defaulted(type: String, own: JSON) -> DefaultedConfig {
        DefaultedConfig(own, defaults: defaults(forType: type))
    }

    /// The default implementation, for a source that supports only reads.
    package func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription? { nil }
}

extension PluginHost: MetricSource {}
