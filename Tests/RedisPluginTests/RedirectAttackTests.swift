import HTTPTransport
import PluginSDK
import Synchronization
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// A tenant's script that returns a redirect to the tenant's server.
@Suite("Attacks through Redis redirects", .timeLimit(.minutes(4)))
struct RedirectAttackTests {
    @Test("a redirect to a server outside of the cluster is not followed", arguments: ["MOVED", "ASK"])
    func script(code: String) async throws {
        let visits = Mutex(0)
        let evil: @Sendable (RawServer.Connection) -> Void = { connection in
            visits.withLock { $0 += 1 }
            _ = connection.read()
        }
        try await RawServer.run(script: evil) { port in
            try await RedisServer.run(RedisServer.Options(configuration: ["requirepass s3cret-of-the-administrator"])) {
                server in
                let source = "return redis.error_reply('\(code) 7 127.0.0.1:\(port)')"
                let error = try await RedisPlugin().failure(
                    #"\#(server.at), "password": "s3cret-of-the-administrator", "cluster": true, "script": {"source": "\#(source)"}"#
                )
                #expect(error?.message.contains("is not in CLUSTER SLOTS") == true, "\(String(describing: error))")
            }
        }
        #expect(visits.withLock(\.self) == 0)
    }
}
