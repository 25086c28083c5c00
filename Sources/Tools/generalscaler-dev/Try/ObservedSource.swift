import Operator
import PluginHost
import PluginProtocol
import ServiceLifecycle
import WireFormats

/// A plugin host that reports every reading which the operator gets.
struct ObservedSource: MetricSource {
    private let host: PluginHost
    private let observe: @Sendable (Result<MetricReading, PluginFailure>) -> Void

    /// - Parameter observe: called from any thread; does not block.
    init(_ host: PluginHost, observe: @escaping @Sendable (Result<MetricReading, PluginFailure>) -> Void) {
        self.host = host
        self.observe = observe
    }

    func run() async throws { try await host.run() }

    func metricType(_ type: String) -> InstalledMetricType? { host.metricType(type) }

    func health() async -> [PluginHealth] { await host.health() }

    func unhealthyPlugins(ofTypes types: Set<String>) async -> [PluginHealth] {
        await host.unhealthyPlugins(ofTypes: types)
    }

    func defaults(forType type: String) -> [String: JSON] { host.defaults(forType: type) }

    func defaulted(type: String, own: JSON) -> DefaultedConfig { host.defaulted(type: type, own: own) }

    func validate(type: String, config: PluginConfig) async -> ConfigVerdict {
        await host.validate(type: type, config: config)
    }

    func read(
        type: String, config: PluginConfig, targetType: TargetType, timeout: Duration
    ) async throws(PluginFailure) -> MetricReading {
        do throws(PluginFailure) {
            let reading = try await host.read(type: type, config: config, targetType: targetType, timeout: timeout)
            observe(.success(reading))
            return reading
        } catch {
            observe(.failure(error))
            throw error
        }
    }

    func subscribe(
        type: String, config: PluginConfig, targetType: TargetType,
        deliver: @escaping @Sendable (MetricReading) -> Void
    ) -> ReadingSubscription? {
        host.subscribe(type: type, config: config, targetType: targetType) { [observe] reading in
            observe(.success(reading))
            deliver(reading)
        }
    }
}
