import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// A master, its replica, and three Sentinels.
@Suite(.serialized, .timeLimit(.minutes(4))) struct RedisSentinelTests {
    private struct Deployment: Sendable {
        let master: RedisServer
        let replica: RedisServer
        let sentinels: [RedisServer]

        var config: String {
            let addresses = sentinels.map { "\"\($0.address)\"" }.joined(separator: ", ")
            return #""sentinel": {"addresses": [\#(addresses)], "master": "main"}"#
        }

        /// Runs the deployment until its Sentinels know each other and the replica.
        static func run(_ body: (Deployment) async throws -> Void) async throws {
            let sentinel: @Sendable ([RedisServer]) -> RedisServer.Options = { started in
                RedisServer.Options(
                    configuration: [
                        "sentinel monitor main 127.0.0.1 \(started[0].port) 2",
                        "sentinel down-after-milliseconds main 1000", "sentinel failover-timeout main 5000",
                    ], isSentinel: true)
            }
            let master: @Sendable ([RedisServer]) -> RedisServer.Options = { _ in
                RedisServer.Options(configuration: ["repl-diskless-sync-delay 0"])
            }
            let replica: @Sendable ([RedisServer]) -> RedisServer.Options = { started in
                RedisServer.Options(configuration: [
                    "replicaof 127.0.0.1 \(started[0].port)", "repl-diskless-sync-delay 0",
                ])
            }
            try await RedisServer.run(each: [master, replica, sentinel, sentinel, sentinel]) { servers in
                let deployment = Deployment(
                    master: servers[0], replica: servers[1], sentinels: Array(servers[2...]))
                for sentinel in deployment.sentinels {
                    try await eventually {
                        let info = try await sentinel.command("INFO", "sentinel")
                        return info.contains("status=ok") && info.contains("slaves=1,sentinels=3")
                    }
                }
                try await eventually {
                    try await deployment.replica.command("INFO", "replication").contains("master_link_status:up")
                }
                try await body(deployment)
            }
        }
    }

    @Test("the master is found through Sentinel, and after its crash its successor")
    func masterFoundThrough() async throws {
        try await Deployment.run { deployment in
            let plugin = RedisPlugin()
            try await deployment.master.command("RPUSH", "jobs", "a", "b", "c")
            try await deployment.master.command("WAIT", "1", "10000")
            let call = #"\#(deployment.config), "list": "jobs""#
            #expect(try await plugin.value(call).value == 3)

            deployment.master.crash()
            try await eventually {
                // During the failover, there is either the correct value or a retryable error, never another value.
                if let error = try await plugin.failure(call, timeout: .seconds(2)) {
                    #expect([.sourceUnreachable, .deadlineExceeded].contains(error.kind), "\(error)")
                }
                let role = try await deployment.replica.command("ROLE")
                return role.hasPrefix("master")
            }
            try await deployment.replica.command("RPUSH", "jobs", "d")
            try await eventually { try await plugin.failure(call) == nil }
            #expect(try await plugin.value(call).value == 4)

            // One Sentinel that knows the new master is enough.
            try await eventually {
                try await deployment.sentinels[2].command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main")
                    .contains("\(deployment.replica.port)")
            }
            deployment.sentinels[0].crash()
            deployment.sentinels[1].crash()
            let next = RedisPlugin()
            #expect(try await next.value(call).value == 4)
        }
    }

    @Test("a master that was demoted is replaced by the new one")
    func masterDemotedReplaced() async throws {
        try await Deployment.run { deployment in
            let plugin = RedisPlugin()
            let call = #"\#(deployment.config), "list": "jobs""#
            #expect(try await plugin.value(call).value == 0)
            try await deployment.sentinels[0].command("SENTINEL", "FAILOVER", "main")
            try await eventually { try await deployment.master.command("ROLE").hasPrefix("slave") }
            // The old master may not follow its successor yet; its answer must not count.
            try await deployment.replica.command("RPUSH", "jobs", "a")
            try await eventually { try await plugin.failure(call) == nil }
            #expect(try await plugin.value(call).value == 1)
        }
    }

    @Test("an error of the Sentinels is reported with its cause")
    func errorSentinelsReported() async throws {
        try await RedisServer.run { server in
            let sentinel = RedisServer.Options(isSentinel: true)
            try await RedisServer.run(sentinel) { sentinel in
                let plugin = RedisPlugin()
                func failure(_ addresses: String, _ rest: String = "") async throws -> PluginError {
                    let fields = #""sentinel": {"addresses": [\#(addresses)], "master": "main"\#(rest)}, "list": "l""#
                    return try #require(try await plugin.failure(fields, timeout: .seconds(3)))
                }
                let unknown = try await failure("\"\(sentinel.address)\"")
                #expect(unknown.kind == .configInvalid)
                #expect(unknown.message.contains("does not monitor a master named main"))
                let noSentinel = try await failure("\"\(server.address)\"")
                #expect(noSentinel.kind == .configInvalid)
                #expect(noSentinel.message.contains("is not a Sentinel"))
                let nobody = try await failure("\"127.0.0.1:1\", \"127.0.0.1:2\"")
                #expect(nobody.kind == .sourceUnreachable)
                #expect(nobody.message.contains("None of the 2 Sentinels"))
                // An unreachable Sentinel does not hide the answer of the other.
                let second = try await failure("\"127.0.0.1:1\", \"\(sentinel.address)\"")
                #expect(second.kind == .configInvalid)
            }
        }
    }

    @Test("a Sentinel that does not answer leaves time for the others")
    func sentinelAnswerLeaves() async throws {
        let silence: @Sendable (RawServer.Connection) -> Void = { $0.waitForClose() }
        try await RedisServer.run { master in
            let options = RedisServer.Options(
                configuration: ["sentinel monitor main 127.0.0.1 \(master.port) 1"], isSentinel: true)
            try await RedisServer.run(options) { sentinel in
                try await RawServer.run(script: silence) { silent in
                    let addresses = "\"127.0.0.1:\(silent)\", \"\(sentinel.address)\""
                    let call = #""sentinel": {"addresses": [\#(addresses)], "master": "main"}, "list": "l""#
                    let reading = try await RedisPlugin().value(call, timeout: .seconds(6))
                    #expect(reading.value == 0)
                }
            }
        }
    }

    @Test("the Sentinels have their own password")
    func sentinelsPassword() async throws {
        let master = RedisServer.Options(
            configuration: ["requirepass canary-master"], clientArguments: ["--no-auth-warning", "-a", "canary-master"])
        try await RedisServer.run(master) { master in
            let options = RedisServer.Options(
                configuration: ["sentinel monitor main 127.0.0.1 \(master.port) 1", "requirepass canary-sentinel"],
                isSentinel: true)
            try await RedisServer.run(options) { sentinel in
                let plugin = RedisPlugin()
                func call(_ first: String, _ second: String) -> String {
                    #"""
                    "sentinel": {"addresses": ["\#(sentinel.address)"], "master": "main", "password": "\#(first)"},
                    "password": "\#(second)", "list": "l"
                    """#
                }
                #expect(try await plugin.value(call("canary-sentinel", "canary-master")).value == 0)
                for words in [("canary-master", "canary-master"), ("canary-sentinel", "canary-sentinel")] {
                    let error = try #require(try await RedisPlugin().failure(call(words.0, words.1)))
                    #expect(error.kind == .authFailed)
                    #expect(!error.message.contains("canary"))
                }
            }
        }
    }

    @Test("a replica that a Sentinel still reports as master is not read")
    func replicaSentinelStill() async throws {
        try await RedisServer.run { master in
            let replica = RedisServer.Options(configuration: ["replicaof 127.0.0.1 \(master.port)"])
            try await RedisServer.run(replica) { replica in
                // A Sentinel that has not detected the failover.
                let script: @Sendable (RawServer.Connection) -> Void = { connection in
                    let port = "\(replica.port)"
                    while connection.read() != nil {
                        connection.write("*2\r\n$9\r\n127.0.0.1\r\n$\(port.utf8.count)\r\n\(port)\r\n")
                    }
                }
                try await RawServer.run(script: script) { port in
                    let call = #""sentinel": {"addresses": ["127.0.0.1:\#(port)"], "master": "main"}, "list": "l""#
                    let error = try #require(try await RedisPlugin().failure(call))
                    #expect(error.kind == .sourceUnreachable)
                    #expect(error.message.contains("no longer the master of main"))
                }
            }
        }
    }
}
