import PluginProtocol
import WireFormats

/// The metric types of a program with their Swift types erased, for the serve loop.
struct PluginRuntime: Sendable {
    let identity: PluginIdentity
    private let readers: [MetricReader]

    init(_ plugin: some MetricPlugin) {
        identity = type(of: plugin).identity
        readers = [MetricReader(plugin)]
    }

    /// - Parameters:
    ///   - name: what follows `generalscaler-plugin-` in the program's name.
    ///   - plugins: at least one.
    init(name: String, version: String, plugins: [any MetricPlugin]) {
        let identities = plugins.map { type(of: $0).identity }
        identity = PluginIdentity(
            name: name, version: version, metricTypes: identities.flatMap(\.metricTypes),
            // What all of them can do.
            capabilities: PluginCapabilities(
                maxInFlight: identities.map(\.capabilities.maxInFlight).min() ?? 1, cancel: true,
                range: identities.allSatisfy(\.capabilities.range),
                subscribe: identities.allSatisfy(\.capabilities.subscribe)))
        readers = plugins.map { MetricReader($0) }
    }

    func validate(_ metricType: Int, _ config: JSON) -> ValidateConfigResult {
        readers[metricType].validate(config)
    }

    /// Decodes the config and returns the call, ready to run.
    func prepare(
        _ call: ServeSession.Call
    ) -> Result<@Sendable (any SocketWaits) async -> MetricReader.Outcome, PluginError> {
        readers[call.metricType].prepare(call)
    }

    /// Decodes the config and returns the subscription, ready to run and to report to the executor.
    func subscribe(_ call: ServeSession.Call) -> Result<@Sendable (LoopExecutor) async -> Void, PluginError> {
        readers[call.metricType].subscribe(call)
    }
}

extension MetricPlugin {
    static var identity: PluginIdentity {
        var schema = Config.configSchema
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        return PluginIdentity(
            name: metricType,
            version: version,
            metricTypes: [
                MetricTypeDescription(
                    type: metricType, description: description, configSchema: .object(schema),
                    defaultTargetType: defaultTargetType,
                    maxAgeMs: maxAge.map { Int($0 / .milliseconds(1)) })
            ],
            capabilities: PluginCapabilities(
                maxInFlight: maxInFlight, cancel: true, range: Self.self is any RangeMetricPlugin.Type,
                subscribe: Self.self is any PushMetricPlugin.Type))
    }
}
