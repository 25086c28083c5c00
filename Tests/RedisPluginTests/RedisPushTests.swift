import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// Keyspace notifications of a real server.
@Suite(.timeLimit(.minutes(2))) struct RedisPushTests {
    private static func subscription(_ fields: String) throws -> MetricSubscription<RedisConfig> {
        MetricSubscription(
            config: try RedisConfig(parsing: "{\(fields)}"), targetType: .averageValue, deadline: .now + .seconds(20))
    }

    private static func server(_ events: String, _ more: String = "") -> RedisServer.Options {
        RedisServer.Options(configuration: ["notify-keyspace-events \(events)", more])
    }

    /// Reads until the value arrives: other values may precede it, or be skipped.
    private func wait(
        for value: Double, _ readings: inout PushedReadings.Iterator
    ) async throws {
        while true {
            let reading = try #require(try await readings.next())
            if reading.value == value { return }
        }
    }

    @Test("a list's length is pushed immediately and after each change, also to and from 0")
    func listLengthPushed() async throws {
        try await RedisServer.run(Self.server("Klg")) { server in
            let plugin = RedisPlugin()
            try await server.command("RPUSH", "jobs", "a")
            let pushed = try await plugin.readings(for: Self.subscription("\(server.at), \"list\": \"jobs\""))
            var readings = pushed.makeAsyncIterator()
            try await wait(for: 1, &readings)
            try await server.command("RPUSH", "jobs", "b", "c")
            try await wait(for: 3, &readings)
            try await server.command("DEL", "jobs")
            try await wait(for: 0, &readings)
            try await server.command("RPUSH", "jobs", "d")
            try await wait(for: 1, &readings)
        }
    }

    @Test("each kind of key is notified, in its own database")
    func kindKeyNotified() async throws {
        try await RedisServer.run(Self.server("KA")) { server in
            let plugin = RedisPlugin()
            let cases: [(fields: String, change: [String])] = [
                (#""set": "set""#, ["SADD", "set", "a"]),
                (#""hash": "hash""#, ["HSET", "hash", "a", "1"]),
                (#""sortedSet": {"key": "zset"}"#, ["ZADD", "zset", "1", "a"]),
                (#""stream": {"key": "stream", "measure": "length"}"#, ["XADD", "stream", "*", "a", "1"]),
                (#""key": "number""#, ["SET", "number", "1"]),
                (#""keys": ["first", "second"]"#, ["LPUSH", "second", "a"]),
            ]
            for (fields, change) in cases {
                let fields = "\(server.at), \"database\": 3, \(fields)"
                var readings = try await plugin.readings(for: Self.subscription(fields)).makeAsyncIterator()
                // The change follows the server's confirmation, and is reported even if it is the first reading.
                try await RedisServer.client(["-p", "\(server.port)", "-n", "3"] + change)
                try await wait(for: 1, &readings)
            }
        }
    }

    @Test("keys of one server share one connection, which closes with the last of them")
    func keysServerShare() async throws {
        try await RedisServer.run(Self.server("Kl")) { server in
            let plugin = RedisPlugin()
            try await withThrowingTaskGroup { group in
                for key in ["a", "b", "c"] {
                    group.addTask {
                        let request = try Self.subscription("\(server.at), \"list\": \"\(key)\"")
                        var readings = try await plugin.readings(for: request).makeAsyncIterator()
                        while try await readings.next()?.value != 1 {}
                    }
                }
                for key in ["a", "b", "c"] { try await server.command("RPUSH", key, "x") }
                try await group.waitForAll()
            }
            #expect(plugin.listeners <= 1)
            try await eventually {
                try await server.command("PING")
                return plugin.listeners == 0
            }
            #expect(try await server.command("PUBSUB", "CHANNELS").isEmpty)
        }
    }

    @Test("a server with missing, insufficient or unknown notification settings is polled")
    func serverMissingInsufficient() async throws {
        let cases: [(events: String, more: String, message: String)] = [
            (#""""#, "", "notify-keyspace-events is off"), ("Ks", "", "is set to sK"), ("El", "", "is set to lE"),
            ("KA", #"rename-command CONFIG """#, "does not allow checking whether it reports changes"),
        ]
        for (events, more, message) in cases {
            try await RedisServer.run(Self.server(events, more)) { server in
                let request = try Self.subscription("\(server.at), \"list\": \"jobs\"")
                let error = await #expect(throws: PluginError.self) {
                    _ = try await RedisPlugin().readings(for: request)
                }
                #expect(error?.kind == .cannotSubscribe)
                #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
            }
        }
    }

    @Test("a script, a cluster and a Sentinel are polled")
    func scriptClusterSentinel() async throws {
        let cases = [
            #""address": "127.0.0.1:9", "script": {"source": "return 1"}"#,
            #""address": "127.0.0.1:9", "cluster": true, "list": "jobs""#,
            #""sentinel": {"addresses": ["127.0.0.1:9"], "master": "main"}, "list": "jobs""#,
        ]
        for fields in cases {
            let request = try Self.subscription(fields)
            let error = await #expect(throws: PluginError.self) { _ = try await RedisPlugin().readings(for: request) }
            #expect(error?.kind == .cannotSubscribe)
            #expect(error?.message.contains("only polled") == true)
        }
    }

    @Test("a user who may not subscribe gets an error, and readings end when the server stops")
    func userWhoSubscribe() async throws {
        let user = "user limited on >limited-password ~* resetchannels +llen +config|get"
        try await RedisServer.run(Self.server("Kl", user)) { server in
            let plugin = RedisPlugin()
            let limited = try Self.subscription(
                "\(server.at), \"username\": \"limited\", \"password\": \"limited-password\", \"list\": \"jobs\"")
            let error = await #expect(throws: PluginError.self) { _ = try await plugin.readings(for: limited) }
            #expect(error?.kind == .authFailed)

            var readings = try await plugin.readings(for: Self.subscription("\(server.at), \"list\": \"jobs\""))
                .makeAsyncIterator()
            _ = try await readings.next()
            server.crash()
            await #expect(throws: PluginError.self) { while try await readings.next() != nil {} }
        }
    }
}
