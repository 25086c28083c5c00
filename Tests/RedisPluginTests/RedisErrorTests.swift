import HTTPTransport
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// The interpretation of the server's error replies.
@Suite(.timeLimit(.minutes(4))) struct RedisErrorTests {
    /// Returns the error of a call to a server that answers the first command with this error.
    private func failure(answering reply: String, _ fields: String) async throws -> PluginError {
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            _ = connection.read()
            connection.write("-\(reply)\r\n")
        }
        return try await RawServer.run(script: script) { port in
            try #require(
                try await RedisPlugin().failure(#""address": "127.0.0.1:\#(port)", \#(fields), "list": "jobs""#))
        }
    }

    @Test(
        "a failed login has the error kind that the server's message implies",
        arguments: [
            ("WRONGPASS invalid username-password pair or user is disabled.", PluginError.Kind.authFailed, "WRONGPASS"),
            ("NOAUTH Authentication required.", .authFailed, "NOAUTH"),
            ("NOPERM this user has no permissions to run the 'auth' command", .authFailed, "NOPERM"),
            ("ERR invalid password", .authFailed, "refuses the password"),
            ("ERR Client sent AUTH, but no password is set", .authFailed, "has no password set"),
            (
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your "
                    + "configuration is correct?", .authFailed, "has no password set"
            ),
            ("ERR wrong number of arguments for 'auth' command", .authFailed, "remove username"),
            ("ERR unknown command 'AUTH', with args beginning with: 'reader' 'canary-word'", .authFailed, "renamed"),
            ("ERR unknown command `AUTH`, with args beginning with: `canary-w", .authFailed, "renamed"),
            ("ERR auth permission deny canary-word", .authFailed, "auth permission deny ***"),
            ("ERR max number of clients reached", .sourceUnreachable, "raise its maxclients"),
            ("ERR max number of clients + cluster connections reached", .sourceUnreachable, "raise its maxclients"),
            ("ERR upstream failure", .sourceUnreachable, "upstream failure"),
            ("LOADING Redis is loading the dataset in memory", .sourceUnreachable, "loading the dataset"),
            (
                "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", .sourceUnreachable,
                "Link"
            ),
            ("BUSY Redis is busy running a script.", .sourceUnreachable, "busy running"),
            ("CLUSTERDOWN The cluster is down", .sourceUnreachable, "cluster is down"),
            ("TRYAGAIN Multiple keys request during rehashing of slot", .sourceUnreachable, "rehashing"),
            ("OOM command not allowed when used memory > 'maxmemory'.", .sourceUnreachable, "used memory"),
            ("READONLY You can't write against a read only replica.", .sourceUnreachable, "read only"),
            ("DENIED Redis is running in protected mode", .authFailed, "protected mode"),
        ])
    func failedLoginError(
        reply: String, kind: PluginError.Kind, hint: String
    ) async throws {
        let error = try await failure(answering: reply, #""username": "reader", "password": "canary-word""#)
        #expect(error.kind == kind, "\(error)")
        #expect(error.message.contains(hint), "\(error.message)")
        #expect(error.message.contains("127.0.0.1"))
        #expect(!error.message.contains("canary"))
    }

    @Test(
        "only an error about the database is reported as a wrong database",
        arguments: [
            ("ERR DB index is out of range", PluginError.Kind.configInvalid, "refuses database 7"),
            ("ERR invalid DB index", .configInvalid, "refuses database 7"),
            ("ERR SELECT is not allowed in cluster mode", .configInvalid, "not allowed in cluster mode"),
            ("ERR max number of clients reached", .sourceUnreachable, "raise its maxclients"),
            ("LOADING Redis is loading the dataset in memory", .sourceUnreachable, "next poll"),
            ("NOAUTH Authentication required.", .authFailed, "required. Next: set password"),
        ])
    func errorAboutDatabase(
        reply: String, kind: PluginError.Kind, hint: String
    ) async throws {
        let error = try await failure(answering: reply, #""database": 7"#)
        #expect(error.kind == kind)
        #expect(error.message.contains(hint), "\(error.message)")
    }

    @Test("a long command without a password gets the error that a password is required")
    func longCommandPassword() async throws {
        try await RedisServer.run(RedisServer.Options(configuration: ["requirepass word-of-seven"])) { server in
            let source = "-- \(String(repeating: "x", count: 20_000))\\nreturn 1"
            let error = try #require(
                try await RedisPlugin().failure(#"\#(server.at), "script": {"source": "\#(source)"}"#))
            #expect(error.kind == .authFailed)
            #expect(error.message.contains("set password"), "\(error.message)")
        }
    }

    @Test("a server that accepts no more clients is reported as such, with and without a password")
    func serverAcceptsClients() async throws {
        for (password, fields) in [
            ("", ""), ("word-of-seven", #", "password": "word-of-seven""#),
            ("word-of-seven", #", "password": "word-of-seven", "database": 3"#),
        ] {
            let options = RedisServer.Options(
                configuration: ["maxclients 1"] + (password.isEmpty ? [] : ["requirepass \(password)"]))
            try await RedisServer.run(options) { server in
                let plugin = RedisPlugin()
                // Its connection is reused, and is the only one that is allowed.
                let first = password.isEmpty ? "" : #", "password": "\#(password)""#
                #expect(try await plugin.value(#"\#(server.at)\#(first), "list": "jobs""#).value == 0)
                let error = try #require(
                    try await RedisPlugin().failure(#"\#(server.at)\#(fields), "list": "jobs""#), "\(fields)")
                #expect(error.kind == .sourceUnreachable)
                #expect(error.message.contains("max number of clients reached"), "\(error.message)")
                #expect(error.message.contains("raise its maxclients"))
                #expect(error.path == nil)
            }
        }
    }

    @Test("a replica that lost its master is an unreachable source")
    func replicaLostMaster() async throws {
        let port = try RawServer.unusedPort()
        let options = RedisServer.Options(
            configuration: ["replicaof 127.0.0.1 \(port)", "replica-serve-stale-data no"])
        try await RedisServer.run(options) { server in
            let error = try #require(try await RedisPlugin().failure(#"\#(server.at), "list": "jobs""#))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.message.contains("MASTERDOWN"), "\(error.message)")
        }
    }

    // MARK: Redirects

    @Test(
        "an unusable redirect is reported with the fix",
        arguments: [
            ("MOVED 3999 ?:6381", "cluster-announce-hostname"), ("ASK 3999 ?:6381", "cluster-announce-hostname"),
            ("MOVED 3999 127.0.0.1:0", "set tls"), ("MOVED 3999 a@b:6381", "cluster-announce-ip"),
            ("MOVED 3999 127.0.0.1", "MOVED SLOT HOST:PORT"), ("MOVED", "MOVED SLOT HOST:PORT"),
            ("MOVED 3999 127.0.0.1:66000", "MOVED SLOT HOST:PORT"),
        ])
    func unusableRedirectReported(reply: String, hint: String) async throws {
        let script: @Sendable (RawServer.Connection) -> Void = { connection in
            while let request = connection.read() {
                connection.write("-\(reply)\r\n")
                if String(decoding: request, as: UTF8.self).contains("SLOTS") { connection.write("*0\r\n") }
            }
        }
        try await RawServer.run(script: script) { port in
            let error = try #require(
                try await RedisPlugin().failure(
                    #""address": "127.0.0.1:\#(port)", "cluster": true, "list": "jobs""#))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.message.contains(reply), "\(error.message)")
            #expect(error.message.contains(hint), "\(error.message)")
            #expect(!error.message.contains("set cluster: true"))
        }
    }

    @Test("a node that prefers host names and has none is reported with the fix")
    func nodePrefersHost() async throws {
        let node: @Sendable ([RedisServer]) -> RedisServer.Options = { _ in
            RedisServer.Options(
                configuration: [
                    "cluster-enabled yes", "cluster-port OTHER", "cluster-preferred-endpoint-type hostname",
                ])
        }
        try await RedisServer.run(each: [node, node]) { nodes in
            try await nodes[0].command("CLUSTER", "ADDSLOTSRANGE", "0", "8191")
            try await nodes[1].command("CLUSTER", "ADDSLOTSRANGE", "8192", "16383")
            let bus = try await nodes[1].command("CONFIG", "GET", "cluster-port").split(separator: "\n").last ?? ""
            try await nodes[0].command("CLUSTER", "MEET", "127.0.0.1", "\(nodes[1].port)", String(bus))
            for node in nodes {
                try await eventually { try await node.command("CLUSTER", "INFO").contains("cluster_state:ok") }
            }
            // In slot 15495, which belongs to the second node.
            let error = try #require(
                try await RedisPlugin().failure(#"\#(nodes[0].at), "cluster": true, "list": "a""#))
            #expect(error.message.contains("?:\(nodes[1].port)"), "\(error.message)")
            #expect(error.message.contains("cluster-announce-hostname"))
        }
    }
}
