import PluginProtocol
import Synchronization
import WireFormats

/// A ``MetricPlugin`` as the serve loop sees it: without its types.
struct PluginRuntime: Sendable {
    typealias Outcome = Result<CallAnswer, PluginError>

    let identity: PluginIdentity
    let validate: @Sendable (JSON) -> ValidateConfigResult
    /// The call, ready to run; its config is decoded.
    let prepare: @Sendable (ServeSession.Call) -> Result<@Sendable () async -> Outcome, PluginError>

    init<Plugin: MetricPlugin>(_ plugin: Plugin) {
        identity = Plugin.identity
        validate = { config in
            do throws(ConfigProblems) {
                let config = try Plugin.Config(config: JSONReader(config))
                return .valid(targetType: plugin.targetType(for: config))
            } catch {
                return .invalid(error.problems)
            }
        }
        let cache = ConfigCache<Plugin.Config>()
        prepare = { call in
            let config: Plugin.Config
            do throws(PluginError) {
                config = try cache.decoded(call.config)
            } catch {
                return .failure(error)
            }
            return .success({ await Self.run(plugin, call, config) })
        }
    }

    private static func run<Plugin: MetricPlugin>(
        _ plugin: Plugin, _ call: ServeSession.Call, _ config: Plugin.Config
    ) async -> Outcome {
        do {
            let answer = try await answer(plugin, call, config)
            return .success(answer.mapDetail { Secret.masking(config.configSecrets, in: $0) })
        } catch {
            var failure = pluginError(error)
            failure.message = Secret.masking(config.configSecrets, in: failure.message)
            return .failure(failure)
        }
    }

    private static func answer<Plugin: MetricPlugin>(
        _ plugin: Plugin, _ call: ServeSession.Call, _ config: Plugin.Config
    ) async throws -> CallAnswer {
        if let window = call.window, let plugin = plugin as? any RangeMetricPlugin {
            return try await history(plugin, call, config, window)
        }
        return .reading(
            try await plugin.value(
                for: MetricRequest(config: config, targetType: call.targetType, deadline: call.deadline)))
    }

    /// - Parameter config: of the plugin's own type, which an existential plugin no longer shows.
    private static func history<Plugin: RangeMetricPlugin>(
        _ plugin: Plugin, _ call: ServeSession.Call, _ config: any MetricConfig, _ window: RangeWindow
    ) async throws -> CallAnswer {
        guard let config = config as? Plugin.Config else {
            throw PluginError(.internalError, "the config is not of the plugin's type")
        }
        return .range(
            try await plugin.range(
                for: MetricRangeRequest(
                    config: config, targetType: call.targetType, window: window, deadline: call.deadline)))
    }

    private static func pluginError(_ error: any Error) -> PluginError {
        switch error {
        case let error as PluginError: error
        case is CancellationError: PluginError(.cancelled, "the call was cancelled")
        default: PluginError(.internalError, "\(error)")
        }
    }
}

extension MetricPlugin {
    static var identity: PluginIdentity {
        var schema = Config.configSchema
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        return PluginIdentity(
            name: metricType,
            version: version,
            metricType: MetricTypeDescription(
                type: metricType, description: description, configSchema: .object(schema),
                defaultTargetType: defaultTargetType,
                maxAgeMs: maxAge.map { Int($0 / .milliseconds(1)) }),
            capabilities: PluginCapabilities(
                maxInFlight: maxInFlight, cancel: true, range: Self.self is any RangeMetricPlugin.Type))
    }
}

/// Hosts send the same few configs again and again; a config is decoded once.
private final class ConfigCache<Config: MetricConfig>: Sendable {
    /// A config may be large, and half of a table is free places.
    private final class Box: Sendable {
        let config: Config

        init(_ config: Config) { self.config = config }
    }

    private let configs = Mutex<[ConfigText: Box]>([:])

    func decoded(_ text: ConfigText) throws(PluginError) -> Config {
        if let known = configs.withLock({ $0[text] }) { return known.config }
        let config = try Self.decode(text)
        configs.withLock { configs in
            // Simple, and rare: nobody has that many metrics whose configs do not change.
            if configs.count >= ServeLimits.maxCachedConfigs { configs.removeAll() }
            configs[text] = Box(config)
        }
        return config
    }

    private static func decode(_ text: ConfigText) throws(PluginError) -> Config {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: text.bytes)
        } catch {
            throw PluginError(.parseError, "the config is not JSON: \(error)")
        }
        do throws(ConfigProblems) {
            return try Config(config: JSONReader(json))
        } catch {
            throw PluginError(.configInvalid, "\(error)", path: error.problems.first?.path)
        }
    }
}
