import PluginSDK

/// The plugin for benchmarks of the host: it only answers, and is written with the SDK like any other.
@main
struct BenchPlugin: MetricPlugin {
    struct Config: MetricConfig {
        @Field("What a call answers.") var value = 1.0
    }

    static let metricType = "bench"
    static let description = "The value that the config holds."
    static let version = "1.0.0"
    static let defaultTargetType = TargetType.value
    static let maxInFlight = 1_024

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        MetricReading(request.config.value)
    }
}
