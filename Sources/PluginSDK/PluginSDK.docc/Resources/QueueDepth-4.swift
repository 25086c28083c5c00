import FoundationEssentials
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
    static let defaultTargetType = TargetType.averageValue
    static let maxInFlight = 8

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let directory = request.config.directory
        do {
            return MetricReading(Double(try FileManager.default.contentsOfDirectory(atPath: directory).count))
        } catch {
            throw PluginError(.sourceUnreachable, "\(directory) cannot be read: check the path", path: "directory")
        }
    }
}
