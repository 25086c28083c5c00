import PluginProtocol
import Synchronization
import WireFormats

/// A ``MetricPlugin`` as the serve loop sees it: without its types.
struct PluginRuntime: Sendable {
    typealias Outcome = Result<MetricReading, PluginError>

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
            let request = MetricRequest(config: config, targetType: call.targetType, deadline: call.deadline)
            return .success({ await Self.run(plugin, request) })
        }
    }

    private static func run<Plugin: MetricPlugin>(
        _ plugin: Plugin, _ request: MetricRequest<Plugin.Config>
    ) async -> Outcome {
        do {
            var reading = try await plugin.value(for: request)
            reading.detail = reading.detail.map { Secret.masking(request.config.configSecrets, in: $0) }
            return .success(reading)
        } catch {
            var failure = pluginError(error)
            failure.message = Secret.masking(request.config.configSecrets, in: failure.message)
            return .failure(failure)
        }
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
            capabilities: PluginCapabilities(maxInFlight: maxInFlight, cancel: true))
    }
}

/// Hosts send the same few configs again and again; a config is decoded once.
private final class ConfigCache<Config: MetricConfig>: Sendable {
    private let configs = Mutex<[ConfigText: Config]>([:])

    func decoded(_ text: ConfigText) throws(PluginError) -> Config {
        if let known = configs.withLock({ $0[text] }) { return known }
        let config = try Self.decode(text)
        configs.withLock { configs in
            // Simple, and rare: nobody has that many metrics whose configs do not change.
            if configs.count >= ServeLimits.maxCachedConfigs { configs.removeAll() }
            configs[text] = config
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
