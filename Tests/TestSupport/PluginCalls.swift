package import PluginSDK

extension MetricPlugin {
    /// Makes one call with the config's fields, as JSON without its braces.
    package func value(_ fields: String, timeout: Duration = .seconds(20)) async throws -> MetricReading {
        let config = try Config(parsing: "{\(fields)}")
        return try await value(
            for: MetricRequest(config: config, targetType: .averageValue, deadline: .now + timeout))
    }

    /// Returns the error of the call; nil if it has none.
    package func failure(_ fields: String, timeout: Duration = .seconds(20)) async throws -> PluginError? {
        do {
            _ = try await value(fields, timeout: timeout)
            return nil
        } catch let error as PluginError {
            return error
        }
    }
}
