import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// Misbehaving servers.
@Suite(.timeLimit(.minutes(2))) struct RedisFaultTests {
    private func failure(
        timeout: Duration = .seconds(20), script: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> PluginError {
        try await RawServer.run(script: script) { port in
            let error = try await RedisPlugin().failure(
                #""address": "127.0.0.1:\#(port)", "list": "l""#, timeout: timeout)
            return try #require(error)
        }
    }

    @Test("a truncated reply is never a value", arguments: ["$10\r\nabc", ":12", "*2\r\n:1\r\n", "+OK"])
    func truncatedReplyNever(part: String) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write(part)
        }
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("closed the connection before its reply was complete"))
        #expect(!error.message.contains("TLS"))
    }

    @Test("a server that closes the connection immediately is reported as possibly requiring TLS")
    func serverClosesConnection() async throws {
        let error = try await failure { _ = $0.read() }
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("may expect TLS"))
    }

    @Test("a reply that arrives byte by byte ends at the deadline")
    func replyArrivesByte() async throws {
        let start = ContinuousClock.now
        let error = try await failure(timeout: .seconds(1)) { connection in
            _ = connection.read()
            connection.write("$1000000\r\n")
            while connection.write("x"), !connection.isClosed(within: 50) {}
        }
        #expect(error.kind == .deadlineExceeded)
        #expect(error.message.contains("127.0.0.1"))
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("a server that accepts and sends nothing is abandoned at the deadline")
    func serverAcceptsSends() async throws {
        let start = ContinuousClock.now
        let error = try await failure(timeout: .milliseconds(500)) { $0.waitForClose() }
        #expect(error.kind == .deadlineExceeded)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("a reply of 1 GB is read only up to the size limit")
    func reply1GB() async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write("$1073741824\r\n")
            let block = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            while connection.write(block) {}
        }
        #expect(error.kind == .configInvalid)
        #expect(error.message.contains("larger than 4 MiB"))
    }

    @Test(
        "an announcement of too many elements allocates no memory for them",
        arguments: ["*1048577\r\n", "*2147483647\r\n", "*1\r\n*1000000000\r\n"])
    func announcementTooMany(announcement: String) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write(announcement)
            connection.waitForClose()
        }
        #expect(error.kind == .configInvalid)
    }

    @Test(
        "a reply that is not in the Redis protocol is reported as such",
        arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}\u{46}", "\r\n"])
    func replyRedisProtocol(answer: String) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write(answer)
            connection.waitForClose()
        }
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("not answer in the Redis protocol"))
    }

    @Test("a reply of another type is never a length", arguments: [":-1\r\n", "$1\r\n5\r\n", "*0\r\n", "$-1\r\n"])
    func replyTypeNever(answer: String) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write(answer)
        }
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("key l"))
    }

    @Test(
        "an error reply has an error kind and a message with the fix",
        arguments: [
            ("LOADING Redis is loading the dataset in memory", PluginError.Kind.sourceUnreachable, "next poll"),
            ("BUSY Redis is busy running a script", .sourceUnreachable, "next poll"),
            ("CLUSTERDOWN The cluster is down", .sourceUnreachable, "next poll"),
            ("TRYAGAIN Multiple keys request during rehashing of slot", .sourceUnreachable, "next poll"),
            ("MASTERDOWN Link with MASTER is down.", .sourceUnreachable, "down. The next poll retries"),
            ("NOAUTH Authentication required.", .authFailed, "set password"),
            ("WRONGPASS invalid username-password pair", .authFailed, "WRONGPASS"),
            ("NOPERM this user has no permissions to run the 'llen' command", .authFailed, "allow the ACL user"),
            ("DENIED Redis is running in protected mode", .authFailed, "set a password"),
            ("MOVED 3999 127.0.0.1:6381", .configInvalid, ": the server is a node of a cluster"),
            ("", .sourceUnreachable, "an error without a text"),
            ("ERR unknown command 'LLEN', with args beginning with: 'l'", .configInvalid, "too old"),
            ("ERR max number of clients reached", .sourceUnreachable, "max number of clients"),
        ])
    func errorReplyError(
        reply: String, kind: PluginError.Kind, hint: String
    ) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write("-\(reply)\r\n")
        }
        #expect(error.kind == kind)
        #expect(error.message.contains(hint), "\(error.message)")
    }

    @Test("a kept connection that fails during a command is replaced")
    func keptConnectionFails() async throws {
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            _ = connection.read()
            connection.write(":\(connection.number)\r\n")
            // The second command on this connection finds it closing.
            _ = connection.read()
        }
        try await RawServer.run(script: script) { port in
            let plugin = RedisPlugin()
            for number in 1...5 {
                let reading = try await plugin.value(#""address": "127.0.0.1:\#(port)", "list": "l""#)
                #expect(reading.value == Double(number))
            }
        }
    }

    @Test("a cancelled call ends immediately, and its connection is not reused")
    func cancelledCallEnds() async throws {
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            _ = connection.read()
            arrived.yield()
            connection.waitForClose()
        }
        try await RawServer.run(script: script) { port in
            let plugin = RedisPlugin()
            let start = ContinuousClock.now
            let call = Task {
                try await plugin.value(#""address": "127.0.0.1:\#(port)", "list": "l""#, timeout: .seconds(90))
            }
            for await _ in arrivals { break }
            call.cancel()
            await #expect(throws: PluginError.self) { try await call.value }
            #expect(ContinuousClock.now - start < .seconds(60))
            #expect(plugin.idleConnections == 0)
        }
    }

    @Test("a name without an address and a port without a listener have different errors")
    func nameAddressPort() async throws {
        let plugin = RedisPlugin()
        let name = try #require(try await plugin.failure(#""address": "redis.invalid", "list": "l""#))
        #expect(name.kind == .sourceUnreachable)
        #expect(name.message.contains("no address found for redis.invalid"), "\(name.message)")
        let port = try RawServer.unusedPort()
        let refused = try #require(try await plugin.failure(#""address": "127.0.0.1:\#(port)", "list": "l""#))
        #expect(refused.kind == .sourceUnreachable)
        #expect(refused.message.contains("no connection to 127.0.0.1:\(port)"), "\(refused.message)")
    }

    @Test("a server that is suspended for a while is read again once it resumes")
    func serverSuspendedRead() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("RPUSH", "list", "a")
            let call = #"\#(server.at), "list": "list""#
            #expect(try await plugin.value(call).value == 1)
            server.freeze()
            #expect(try await plugin.failure(call, timeout: .milliseconds(300))?.kind == .deadlineExceeded)
            server.resume()
            #expect(try await plugin.value(call).value == 1)
        }
    }
}
