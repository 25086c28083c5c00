import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// The plugin with a real server.
@Suite(.timeLimit(.minutes(2))) struct RedisServerTests {
    @Test("the length of a key is read, and a missing key is empty")
    func lengthKeyRead() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("RPUSH", "list", "a", "b", "c")
            try await server.command("RPUSH", "other list", "d")
            try await server.command("SADD", "set", "a", "b")
            try await server.command("ZADD", "zset", "1", "a", "5", "b", "9", "c")
            try await server.command("HSET", "hash", "a", "1", "b", "2", "c", "3", "d", "4")
            let cases: [(fields: String, value: Double)] = [
                (#""list": "list""#, 3), (#""list": "missing""#, 0),
                (#""set": "set""#, 2), (#""set": "missing""#, 0),
                (#""hash": "hash""#, 4), (#""hash": "missing""#, 0),
                (#""sortedSet": {"key": "zset"}"#, 3), (#""sortedSet": {"key": "missing"}"#, 0),
                (#""sortedSet": {"key": "zset", "min": "5"}"#, 2),
                (#""sortedSet": {"key": "zset", "max": "(5"}"#, 1),
                (#""sortedSet": {"key": "zset", "min": "2", "max": "8"}"#, 1),
                (#""sortedSet": {"key": "missing", "min": "2"}"#, 0),
                (#""keys": ["list", "other list", "missing"]"#, 4),
            ]
            for (fields, value) in cases {
                #expect(try await plugin.value("\(server.at), \(fields)").value == value, "\(fields)")
            }
            #expect(plugin.idleConnections == 1)
        }
    }

    @Test("a number is read from a key, and a missing key is no data")
    func numberReadKey() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("SET", "whole", "42")
            try await server.command("SET", "fraction", " 0.25\n")
            try await server.command("SET", "words", "not a number")
            try await server.command("SET", "infinite", "inf")
            #expect(try await plugin.value(#"\#(server.at), "key": "whole""#).value == 42)
            #expect(try await plugin.value(#"\#(server.at), "key": "fraction""#).value == 0.25)
            let missing = try #require(try await plugin.failure(#"\#(server.at), "key": "missing""#))
            #expect(missing.kind == .noData)
            #expect(missing.message.contains("no key missing"))
            for key in ["words", "infinite"] {
                let error = try #require(try await plugin.failure(#"\#(server.at), "key": "\#(key)""#))
                #expect(error.kind == .configInvalid)
                #expect(error.message.contains("key \(key) contains"))
            }
        }
    }

    @Test("a key of another type is reported with both types")
    func keyTypeReported() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("HSET", "hash", "a", "1")
            try await server.command("ZADD", "zset", "1", "a")
            let cases: [(fields: String, message: String)] = [
                (#""list": "hash""#, "key hash is a hash, not a list"),
                (#""keys": ["none", "zset"]"#, "key zset is a sorted set, not a list"),
                (#""set": "zset""#, "key zset is a sorted set, not a set"),
                (#""sortedSet": {"key": "hash"}"#, "key hash is a hash, not a sorted set"),
                (#""sortedSet": {"key": "hash", "min": "1"}"#, "key hash is a hash, not a sorted set"),
                (#""hash": "zset""#, "key zset is a sorted set, not a hash"),
                (#""key": "hash""#, "key hash is a hash, not a string"),
                (#""stream": {"key": "hash", "group": "g"}"#, "key hash is a hash, not a stream"),
                (#""stream": {"key": "hash", "measure": "length"}"#, "key hash is a hash, not a stream"),
            ]
            for (fields, message) in cases {
                let error = try #require(try await plugin.failure("\(server.at), \(fields)"), "\(fields)")
                #expect(error.kind == .configInvalid)
                #expect(error.message == message)
            }
        }
    }

    @Test("the lag of a stream includes undelivered and pending entries")
    func lagStreamIncludes() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            for item in 1...7 { try await server.command("XADD", "stream", "*", "n", "\(item)") }
            try await server.command("XGROUP", "CREATE", "stream", "workers", "0")
            try await server.command("XREADGROUP", "GROUP", "workers", "w", "COUNT", "3", "STREAMS", "stream", ">")
            func stream(_ fields: String) -> String { #"\#(server.at), "stream": {"key": "stream", \#(fields)}"# }
            let lag = try await plugin.value(stream(#""group": "workers""#))
            #expect(lag.value == 7)
            #expect(lag.detail == "4 not yet delivered, 3 pending")
            #expect(try await plugin.value(stream(#""group": "workers", "measure": "pending""#)).value == 3)
            #expect(try await plugin.value(stream(#""measure": "length""#)).value == 7)
        }
    }

    @Test("a lag that the server does not know is counted by the plugin")
    func lagServerKnow() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command(
                "EVAL", "for i = 1, 250 do redis.call('XADD', 'stream', i .. '-0', 'n', i) end", "0")
            try await server.command("XGROUP", "CREATE", "stream", "workers", "0")
            try await server.command("XREADGROUP", "GROUP", "workers", "w", "COUNT", "2", "STREAMS", "stream", ">")
            // A gap after the last delivered entry makes the lag unknown.
            try await server.command("XDEL", "stream", "100-0")
            let info = try await server.command("XINFO", "GROUPS", "stream")
            try #require(info.hasSuffix("lag"), "the server must not know the lag: \(info)")
            let lag = try await plugin.value(#"\#(server.at), "stream": {"key": "stream", "group": "workers"}"#)
            #expect(lag.value == 249)
            #expect(lag.detail == "247 not yet delivered (counted), 2 pending")
        }
    }

    @Test("a missing stream or group is no data")
    func missingStreamGroup() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("XADD", "stream", "1-0", "n", "1")
            let cases = [
                (#"{"key": "missing", "group": "g"}"#, "no stream missing"),
                (#"{"key": "missing", "measure": "length"}"#, "no stream missing"),
                (#"{"key": "stream", "group": "g", "measure": "pending"}"#, "no consumer group g"),
                (#"{"key": "stream", "group": "g"}"#, "no consumer group g"),
            ]
            for (fields, hint) in cases {
                let error = try #require(try await plugin.failure(#"\#(server.at), "stream": \#(fields)"#))
                #expect(error.kind == .noData)
                #expect(error.message.contains(hint))
            }
            try await server.command("XDEL", "stream", "1-0")
            #expect(
                try await plugin.value(#"\#(server.at), "stream": {"key": "stream", "measure": "length"}"#).value == 0)
        }
    }

    @Test("the number that a script returns is the value, and a script cannot write")
    func numberScriptReturns() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("RPUSH", "list", "a", "b")
            func script(_ source: String, _ rest: String = "") -> String {
                #"\#(server.at), "script": {"source": "\#(source)"\#(rest)}"#
            }
            let sum = script(
                "return redis.call('LLEN', KEYS[1]) + ARGV[1]", #", "keys": ["list"], "args": ["5"]"#)
            #expect(try await plugin.value(sum).value == 7)
            #expect(try await plugin.value(script("return tostring(1.5)")).value == 1.5)
            let failures: [(source: String, kind: PluginError.Kind, hint: String)] = [
                ("return nil", .noData, "returns nil"),
                ("return 'many'", .configInvalid, "not a number"),
                ("return {1, 2}", .configInvalid, "an array"),
                ("retrun 1", .configInvalid, "the script fails"),
                ("return redis.call('DEL', 'list')", .configInvalid, "Write commands are not allowed"),
                ("return redis.call('LLEN', 'list', 'x')", .configInvalid, "Wrong number of args"),
            ]
            for (source, kind, hint) in failures {
                let error = try #require(try await plugin.failure(script(source)), "\(source)")
                #expect(error.kind == kind)
                #expect(error.message.contains(hint), "\(error.message)")
            }
            #expect(try await server.command("LLEN", "list") == "2")
        }
    }

    @Test("the database is selected on every new connection")
    func databaseSelectedNew() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("-n", "3", "RPUSH", "list", "a")
            let fields = #""database": 3, "list": "list""#
            #expect(try await plugin.value("\(server.at), \(fields)").value == 1)
            #expect(try await plugin.value(#"\#(server.at), "list": "list""#).value == 0)
            try await server.command("CLIENT", "KILL", "TYPE", "normal")
            #expect(try await plugin.value("\(server.at), \(fields)").value == 1)
            #expect(try await plugin.value(#""url": "redis://\#(server.address)/3", "list": "list""#).value == 1)
            let error = try #require(try await plugin.failure(#"\#(server.at), "database": 99, "list": "list""#))
            #expect(error.kind == .configInvalid)
            #expect(error.path == "database")
        }
    }

    @Test("a Unix socket works like a port")
    func unixSocketWorks() async throws {
        let options = RedisServer.Options(configuration: ["unixsocket DIR/redis.sock", "port 0"])
        try await RedisServer.run(options) { server in
            let plugin = RedisPlugin()
            let socket = "\(server.directory)/redis.sock"
            try await RedisServer.client(["-s", socket, "RPUSH", "list", "a", "b"])
            #expect(try await plugin.value(#""url": "unix://\#(socket)", "list": "list""#).value == 2)
            let error = try await plugin.failure(#""url": "unix://\#(socket).not", "list": "list""#)
            #expect(error?.kind == .sourceUnreachable)
        }
    }

    @Test("connections are kept, and only requested commands are sent")
    func connectionsKeptRequested() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            let before = try await server.counters()
            for _ in 1...20 { _ = try await plugin.value(#"\#(server.at), "list": "list""#) }
            let after = try await server.counters()
            // One by the plugin, and one for each redis-cli.
            #expect(after.connections - before.connections == 2)
            let stats = try await server.command("INFO", "commandstats")
            #expect(stats.contains("cmdstat_llen:calls=20,"))
            for name in ["ping", "select", "auth", "hello"] { #expect(!stats.contains("cmdstat_\(name):"), "\(stats)") }
        }
    }

    @Test("concurrent calls share a bounded number of connections")
    func concurrentCallsShare() async throws {
        try await RedisServer.run { server in
            let plugin = RedisPlugin()
            try await server.command("RPUSH", "list", "a")
            let values = try await withThrowingTaskGroup(of: Double.self) { group in
                for _ in 1...200 {
                    group.addTask { try await plugin.value(#"\#(server.at), "list": "list""#).value }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(values == Array(repeating: 1, count: 200))
            #expect(plugin.idleConnections <= RedisLimits.maxIdleConnectionsPerServer)
            // The reused connections and that of redis-cli, once the server has closed the others.
            try await eventually {
                let info = try await server.command("INFO", "clients")
                let line = try #require(
                    info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("connected_clients:") })
                return (Int(line.dropFirst("connected_clients:".count)) ?? .max)
                    <= RedisLimits.maxIdleConnectionsPerServer + 1
            }
        }
    }
}

extension RedisServer {
    /// Returns the connections and commands since the start, including this one.
    fileprivate func counters() async throws -> (connections: Int, commands: Int) {
        let stats = try await command("INFO", "stats")
        func number(_ name: String) throws -> Int {
            let line = try #require(stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(name):") })
            return try #require(Int(line.dropFirst(name.count + 1)))
        }
        return (try number("total_connections_received"), try number("total_commands_processed"))
    }
}
