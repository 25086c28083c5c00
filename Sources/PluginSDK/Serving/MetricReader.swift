import PluginProtocol
import Synchronization
import WireFormats

/// A ``MetricPlugin`` with its types erased.
struct MetricReader: Sendable {
    typealias Outcome = Result<CallAnswer, PluginError>

    let validate: @Sendable (JSON) -> ValidateConfigResult
    let prepare: @Sendable (ServeSession.Call) -> Result<@Sendable (any SocketWaits) async -> Outcome, PluginError>
    let subscribe: @Sendable (ServeSession.Call) -> Result<@Sendable (LoopExecutor) async -> Void, PluginError>

    init<Plugin: MetricPlugin>(_ plugin: Plugin) {
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
            do throws(PluginError) {
                let config = try cache.decoded(call.config)
                return .success({ await Self.run(plugin, call, config, $0) })
            } catch {
                return .failure(error)
            }
        }
        subscribe = { call in
            let config: DecodedConfig<Plugin.Config>
            do throws(PluginError) {
                config = try cache.decoded(call.config)
            } catch {
                return .failure(error)
            }
            guard let plugin = plugin as? any PushMetricPlugin else {
                return .failure(PluginError(.methodNotFound, "the plugin does not support subscriptions"))
            }
            return .success({ await Self.push(plugin, call, config.config, config.secrets, $0) })
        }
    }

    private static func run<Plugin: MetricPlugin>(
        _ plugin: Plugin, _ call: ServeSession.Call, _ decoded: DecodedConfig<Plugin.Config>,
        _ sockets: any SocketWaits
    ) async -> Outcome {
        do {
            let answer = try await answer(plugin, call, decoded.config, sockets)
            return .success(answer.mapDetail { Secret.masking(decoded.secrets, in: $0) })
        } catch {
            var failure = pluginError(error)
            failure.message = Secret.masking(decoded.secrets, in: failure.message)
            return .failure(failure)
        }
    }

    private static func answer<Plugin: MetricPlugin>(
        _ plugin: Plugin, _ call: ServeSession.Call, _ config: Plugin.Config, _ sockets: any SocketWaits
    ) async throws -> CallAnswer {
        if case .history(let window) = call.question, let plugin = plugin as? any RangeMetricPlugin {
            return try await history(plugin, call, config, window)
        }
        return .reading(
            try await plugin.value(
                for: MetricRequest(
                    config: config, targetType: call.targetType, deadline: call.deadline, sockets: sockets)))
    }

    /// - Parameter config: the config, of the plugin's own type, which is erased in an existential.
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

    /// - Parameter config: the config, of the plugin's own type, which is erased in an existential.
    private static func push<Plugin: PushMetricPlugin>(
        _ plugin: Plugin, _ call: ServeSession.Call, _ config: any MetricConfig, _ secrets: [Secret],
        _ executor: LoopExecutor
    ) async {
        func masked(_ error: any Error) -> PluginError {
            var failure = pluginError(error)
            failure.message = Secret.masking(secrets, in: failure.message)
            return failure
        }
        let readings: Plugin.Readings
        do {
            guard let config = config as? Plugin.Config else {
                throw PluginError(.internalError, "the config is not of the plugin's type")
            }
            readings = try await plugin.readings(
                for: MetricSubscription(config: config, targetType: call.targetType, deadline: call.deadline))
        } catch {
            return executor.finish(call.token, .failure(masked(error)))
        }
        executor.finish(call.token, .success(.subscribed))
        do {
            for try await reading in readings {
                var reading = reading
                reading.detail = reading.detail.map { Secret.masking(secrets, in: $0) }
                executor.push(reading, from: call.token)
            }
            executor.end(call.token, because: PluginError(.sourceUnreachable, "the plugin has no more readings"))
        } catch {
            executor.end(call.token, because: masked(error))
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

/// A config and its secrets, which only reflection finds: too slow for each reading.
///
/// A class, because a config may be large, and half of the cache's table is free slots.
private final class DecodedConfig<Config: MetricConfig>: Sendable {
    let config: Config
    let secrets: [Secret]

    init(_ config: Config) {
        self.config = config
        secrets = config.configSecrets
    }
}

/// A cache of decoded configs: hosts send the same few configs again and again.
private final class ConfigCache<Config: MetricConfig>: Sendable {
    private let configs = Mutex<[ConfigText: DecodedConfig<Config>]>([:])

    func decoded(_ text: ConfigText) throws(PluginError) -> DecodedConfig<Config> {
        if let known = configs.withLock({ $0[text] }) { return known }
        let config = DecodedConfig(try Self.decode(text))
        configs.withLock { configs in
            // A simple limit that is rarely reached.
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
