import PluginSDK
import SourceSupport
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// Retries until the body is true. Each attempt waits for something itself, such as a process.
func eventually(
    within limit: Duration = .seconds(60), _ body: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while true {
        do {
            if try await body() { return }
        } catch is RedisServer.ClientError {
            // A server that changes its role disconnects all its clients.
        }
        try #require(ContinuousClock.now < deadline, "did not come true within \(limit)")
    }
}

/// The config fields for a server.
extension RedisServer {
    var at: String { #""address": "\#(address)""# }
}

struct NoFiles: FileReader {
    func contents(of path: String) throws(FileError) -> [UInt8] {
        throw FileError(path: path, reason: "No such file or directory")
    }
}
