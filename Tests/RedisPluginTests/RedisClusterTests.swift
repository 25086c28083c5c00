import HTTPTransport
import PluginSDK
import SourceSupport
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// A Redis Cluster.
@Suite(.timeLimit(.minutes(4))) struct RedisClusterTests {
    /// Runs the body with three masters, each with a replica.
    private static func withCluster(_ body: ([RedisServer]) async throws -> Void) async throws {
        let node: @Sendable ([RedisServer]) -> RedisServer.Options = { _ in
            RedisServer.Options(
                configuration: [
                    "cluster-enabled yes", "cluster-port OTHER", "cluster-node-timeout 1000",
                    "repl-diskless-sync-delay 0",
                ])
        }
        try await RedisServer.run(each: Array(repeating: node, count: 6)) { nodes in
            try await RedisServer.client(
                ["--cluster", "create"] + nodes.map(\.address) + ["--cluster-replicas", "1", "--cluster-yes"])
            for node in nodes {
                try await eventually { try await node.command("CLUSTER", "INFO").contains("cluster_state:ok") }
            }
            try await body(nodes)
        }
    }

    @Test("keys are found on every node of a cluster, also while slots move and nodes fail")
    func keysFoundNode() async throws {
        try await Self.withCluster { nodes in
            let plugin = RedisPlugin()
            let keys = (1...12).map { "jobs-\($0)" }
            for key in keys {
                try await RedisServer.client(["-c", "-p", "\(nodes[0].port)", "RPUSH", key, "a", "b"])
            }
            let names = keys.map { "\"\($0)\"" }.joined(separator: ", ")
            // From a master and from a replica.
            for node in [nodes[0], nodes[5]] {
                let sum = try await RedisPlugin().value(#"\#(node.at), "cluster": true, "keys": [\#(names)]"#)
                #expect(sum.value == 24)
            }
            let script = #""script": {"source": "return redis.call('LLEN', KEYS[1])", "keys": ["jobs-7"]}"#
            #expect(try await plugin.value(#"\#(nodes[0].at), "cluster": true, \#(script)"#).value == 2)
            let notSaid = try #require(try await plugin.failure(#"\#(nodes[0].at), "keys": [\#(names)]"#))
            #expect(notSaid.kind == .configInvalid)
            #expect(notSaid.message.contains("set cluster: true"))

            try await migration(nodes, plugin)
            try await failover(nodes, plugin, keys: names)
        }
    }

    /// Checks reads while a slot moves, during which its former node answers with ASK.
    private func migration(_ nodes: [RedisServer], _ plugin: RedisPlugin) async throws {
        let call = #"\#(nodes[0].at), "cluster": true, "list": "jobs-1""#
        let slot = try await nodes[0].command("CLUSTER", "KEYSLOT", "jobs-1")
        let (source, target) = try await self.ends(ofMove: "jobs-1", nodes)
        let (sourceID, targetID) = (
            try await source.command("CLUSTER", "MYID"), try await target.command("CLUSTER", "MYID")
        )
        try await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
        try await source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
        #expect(try await plugin.value(call).value == 2)
        try await source.command("MIGRATE", "127.0.0.1", "\(target.port)", "jobs-1", "0", "5000")
        #expect(try await plugin.value(call).value == 2)
        #expect(try await source.command("INFO", "errorstats").contains("errorstat_ASK:"))
        for node in [target, source] { try await node.command("CLUSTER", "SETSLOT", slot, "NODE", targetID) }
        #expect(try await plugin.value(call).value == 2)
    }

    /// Returns the master of the key, and another master.
    private func ends(ofMove key: String, _ nodes: [RedisServer]) async throws -> (RedisServer, RedisServer) {
        var owner = 0
        while try await nodes[owner].command("LLEN", key) != "2" {
            owner += 1
            try #require(owner < 3, "no master has \(key)")
        }
        return (nodes[owner], nodes[(owner + 1) % 3])
    }

    /// Checks reads while the node in the config crashes, which makes a third of the keys unavailable until its replica
    /// takes over.
    private func failover(_ nodes: [RedisServer], _ plugin: RedisPlugin, keys: String) async throws {
        let call = #"\#(nodes[0].at), "cluster": true, "keys": [\#(keys)]"#
        #expect(try await plugin.value(call).value == 24)
        for node in nodes[..<3] { try await node.command("WAIT", "1", "10000") }
        nodes[0].crash()
        try await eventually {
            do {
                let reading = try await plugin.value(call, timeout: .seconds(3))
                #expect(reading.value == 24)
                return true
            } catch let error as PluginError {
                #expect([.sourceUnreachable, .deadlineExceeded].contains(error.kind), "\(error)")
                // Also limits the rate of retries.
                _ = try await nodes[1].command("CLUSTER", "INFO")
                return false
            }
        }
    }

    @Test("a cluster with circular redirects is abandoned")
    func clusterCircularRedirects() async throws {
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            while let request = connection.read() {
                // The node omits its own name, like one that does not know it.
                let words = String(decoding: request, as: UTF8.self)
                connection.write("-MOVED 1 :\(connection.localPort)\r\n")
                if words.contains("SLOTS") { connection.write("*0\r\n") }
            }
        }
        try await RawServer.run(script: script) { port in
            let call = #""address": "127.0.0.1:\#(port)", "cluster": true, "list": "l""#
            let error = try #require(try await RedisPlugin().failure(call))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.message.contains("more than 5 times"), "\(error.message)")
        }
    }

    @Test(
        "a redirect is parsed",
        arguments: [
            ("MOVED 3999 127.0.0.1:6381", "127.0.0.1", 6_381, false),
            ("ASK 1 node-2.example:7000", "node-2.example", 7_000, true),
            ("MOVED 1 :7001", "asked", 7_001, false), ("MOVED 1 ::1:7001", "::1", 7_001, false),
        ])
    func redirectParsed(message: String, host: String, port: Int, isForOnce: Bool) throws {
        let asked = RedisEndpoint(address: .tcp(host: "asked", port: 6_379), database: 0)
        let redirect = try #require(try Redirect(RedisError(message), from: asked))
        #expect(redirect.address == RedisAddress(host: host, port: port))
        #expect(redirect.isForOnce == isForOnce)
    }

    @Test(
        "any other error is not read as a redirect",
        arguments: ["ERR MOVED 1 a:1", "MOVEDX 1 a:1", "CROSSSLOT Keys in request don't hash to the same slot"])
    func errorReadRedirect(message: String) throws {
        let asked = RedisEndpoint(address: .tcp(host: "asked", port: 6_379), database: 0)
        #expect(try Redirect(RedisError(message), from: asked) == nil)
    }

    @Test(
        "a redirect without a usable address is not followed",
        arguments: ["MOVED", "MOVED 1", "MOVED 1 host", "MOVED 1 host:0", "MOVED 1 a@b/c:70", "ASK 1 ?:70"])
    func redirectUsableAddress(message: String) {
        let asked = RedisEndpoint(address: .tcp(host: "asked", port: 6_379), database: 0)
        #expect(throws: Redirect.Fault.self) { try Redirect(RedisError(message), from: asked) }
    }
}
