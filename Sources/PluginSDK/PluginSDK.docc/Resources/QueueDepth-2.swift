import PluginSDK

/// Reads the metric `queue-depth`.
@main
struct QueueDepthPlugin: MetricPlugin {
    struct Config: MetricConfig {
        @Field("The directory with one file per job.") var directory: String
    }

    static let metricType = "queue-depth"
    static let description = "The number of files in a directory."
    static let version = "1.0.0"
    static let defaultTargetType = TargetType.value

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        MetricReading(0)
    }
}
