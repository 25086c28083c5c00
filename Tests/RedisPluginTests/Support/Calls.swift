import PluginSDK
import SourceSupport
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

extension RedisPlugin {
    /// One call with the config's fields, as JSON without its braces.
    func value(_ fields: String, timeout: Duration = .seconds(20)) async throws -> MetricReading {
        let config = try RedisConfig(parsing: "{\(fields)}")
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

/// Tries again and again until the body is true. Each try waits for something itself, such as a process.
func eventually(
    within limit: Duration = .seconds(60), _ body: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        do {
            if try await body() { return }
        } catch is RedisServer.ClientError {
            // A server that changes its role lets all its clients go.
        }
        try #require(ContinuousClock.now < deadline, "did not come true within \(limit)")
    }
}

/// What the fields of a config are at a server.
extension RedisServer {
    var at: String { #""address": "\#(address)""# }
}

struct NoFiles: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "No such file or directory")
    }
}
