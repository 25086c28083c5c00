import PluginSDK

/// A plugin whose config selects its behavior, for tests of the SDK in a separate process. Like a plugin author's code,
/// it imports only the SDK.
@main
struct TestPlugin: RangeMetricPlugin {
    struct Config: MetricConfig {
        enum Behavior: String, CaseIterable, ConfigValue { case answer, print, log, fail, leak, wait, block }

        @Field("What a call does.") var behavior = Behavior.answer
        @Field("The value that a call answers.", minimum: 0) var value = 1.0
        @Field("A secret.") var token: Secret?
    }

    static let metricType = "test"
    static let description = "What its config says."
    static let version = "1.0.0"
    static let defaultTargetType = TargetType.value
    static let maxInFlight = 4

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        switch request.config.behavior {
        case .answer: break
        case .print: print("a stray print, and the token is \(String(describing: request.config.token))")
        case .log:
            Logger(label: "test").notice(
                "a log line", metadata: ["token": "\(String(describing: request.config.token))"])
        case .fail: throw PluginError(.notFound, "there is no such thing", path: "value")
        case .leak: throw PluginError(.authFailed, "the server refuses \(request.config.token?.reveal() ?? "")")
        case .wait: try await Task.sleep(for: .seconds(3_600))
        case .block: while true {}
        }
        return MetricReading(request.config.value, unit: "things")
    }

    func range(for request: MetricRangeRequest<Config>) async throws -> MetricRange {
        let window = request.window
        let times = stride(
            from: window.fromMicroseconds, through: window.toMicroseconds, by: window.stepSeconds * 1_000_000)
        return MetricRange(points: times.map { .init(atMicroseconds: $0, value: request.config.value) }, unit: "things")
    }
}
