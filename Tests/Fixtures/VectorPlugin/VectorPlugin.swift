import PluginSDK

/// The plugin for the test vectors of all SDKs (`sdk/vectors`).
@main
struct VectorPlugin: RangeMetricPlugin, PushMetricPlugin {
    struct Config: MetricConfig {
        enum Behavior: String, CaseIterable, ConfigValue {
            case answer, none, nan, fail, rate, leak, print, wait, limit, activity
        }

        struct Server: MetricConfig {
            @Field("Port.", minimum: 1, maximum: 65_535) var port: Int
            @Field("Certificate.") var cert: String?
            @Field("Key.") var key: Secret?

            func validate() -> [ConfigProblem] {
                (cert == nil) == (key == nil) ? [] : [ConfigProblem(path: "key", message: "goes with cert")]
            }
        }

        @Field("What a call does.") var behavior = Behavior.answer
        @Field("The value.", minimum: 0) var value = 1.0
        @Field("The unit.") var unit: String?
        @Field("A count.", minimum: 1, maximum: 300) var count = 10
        @Field("Whether to be strict.") var strict = false
        @Field("A token.") var token: Secret?
        @Field("The server.", isAddress: true) var address: String?
        @Field("The scaler's namespace.", marks: .scalerNamespace) var namespace: String?
        @Field("Servers.") var servers: [Server] = []
        @Field("Labels.") var labels: [String: String] = [:]
    }

    static let metricType = "vector"
    static let description = "What its config says."
    static let version = "1.0.0"
    static let defaultTargetType = TargetType.value
    static let maxInFlight = 4

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let config = request.config
        switch config.behavior {
        case .answer: break
        case .none: throw PluginError(.noData, "the queue does not exist")
        case .nan: return MetricReading(.nan)
        case .fail: throw PluginError(.notFound, "there is no such thing", path: "value")
        case .rate: throw PluginError(.rateLimited, "slow down", retryAfterMs: 1_500)
        case .leak: throw PluginError(.authFailed, "the server refuses \(config.unit ?? config.token?.reveal() ?? "")")
        case .print: print("a stray print")
        case .wait: try await Task.sleep(for: .seconds(3_600))
        case .limit:
            return MetricReading(
                config.value, unit: config.unit, usefulReplicas: config.strict ? -1 : config.count)
        case .activity: return MetricReading(config.value, unit: config.unit, isActive: config.strict)
        }
        return MetricReading(config.value, unit: config.unit)
    }

    func range(for request: MetricRangeRequest<Config>) async throws -> MetricRange {
        let window = request.window
        let times = stride(
            from: window.fromMicroseconds, through: window.toMicroseconds, by: window.stepSeconds * 1_000_000)
        guard request.config.behavior != .none else { return MetricRange(points: []) }
        return MetricRange(points: times.map { .init(atMicroseconds: $0, value: request.config.value) })
    }

    func readings(for request: MetricSubscription<Config>) async throws -> AsyncStream<MetricReading> {
        let config = request.config
        guard config.behavior != .fail else {
            throw PluginError(.cannotSubscribe, "the source reports no changes")
        }
        return AsyncStream { continuation in continuation.yield(MetricReading(config.value, unit: config.unit)) }
    }
}
