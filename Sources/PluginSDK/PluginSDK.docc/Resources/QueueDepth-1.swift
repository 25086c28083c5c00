import PluginSDK

/// Reads the metric `queue-depth`.
@main
struct QueueDepthPlugin: MetricPlugin {
    struct Config: MetricConfig {
        @Field("The largest value.", minimum: 1) var largest = 100.0
    }

    static let metricType = "queue-depth"
    static let description = "A random number."
    static let version = "1.0.0"
    static let defaultTargetType = TargetType.value

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        MetricReading(.random(in: 0...request.config.largest))
    }
}
