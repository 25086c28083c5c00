import PluginSDK

/// Reads the metric `random`.
@main
struct RandomPlugin: MetricPlugin {
    struct Config: MetricConfig {
        @Field("The largest value.", minimum: 1) var largest = 100.0
    }

    static let metricType = "random"
    static let description = "A random number."
    static let version = "1.0.0"
    static let defaultTargetType = TargetType.value

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        // Read your source here. Throw a PluginError if it does not answer.
        MetricReading(.random(in: 0...request.config.largest))
    }
}
