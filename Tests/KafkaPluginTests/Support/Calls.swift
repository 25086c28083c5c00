import PluginSDK
import SourceSupport

@testable import generalscaler_plugin_kafka

extension KafkaPlugin {
    /// One call with the config's fields, as JSON without its braces.
    func value(_ fields: String, timeout: Duration = .seconds(20)) async throws -> MetricReading {
        let config = try KafkaConfig(parsing: "{\(fields)}")
        return try await value(
            for: MetricRequest(config: config, targetType: .averageValue, deadline: .now + timeout))
    }

    /// Returns the error that the call ends with.
    func failure(_ fields: String, timeout: Duration = .seconds(20)) async throws -> PluginError? {
        do {
            _ = try await value(fields, timeout: timeout)
            return nil
        } catch let error as PluginError {
            return error
        }
    }
}

struct NoFiles: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "No such file or directory")
    }
}
