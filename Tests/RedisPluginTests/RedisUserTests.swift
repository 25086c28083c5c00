import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// Passwords and ACL users with a real server.
@Suite(.timeLimit(.minutes(2))) struct RedisUserTests {
    private static let options = RedisServer.Options(
        configuration: [
            "user default off", "user admin on >admin-word ~* +@all",
            "user reader on >canary-word ~jobs* +llen +select +type +script|exists",
        ],
        clientArguments: ["--no-auth-warning", "--user", "admin", "--pass", "admin-word"])

    @Test("an ACL user reads what its rules allow, and a refusal names the missing permission")
    func aclUserReads() async throws {
        try await RedisServer.run(Self.options) { server in
            let plugin = RedisPlugin()
            try await server.command("RPUSH", "jobs", "a", "b")
            let reader = #""username": "reader", "password": "canary-word""#
            #expect(try await plugin.value(#"\#(server.at), \#(reader), "list": "jobs""#).value == 2)
            let url = #""url": "redis://reader:canary%2dword@\#(server.address)""#
            #expect(try await plugin.value(#"\#(url), "list": "jobs""#).value == 2)

            let failures: [(fields: String, hint: String)] = [
                (#"\#(server.at), "list": "jobs""#, "set password"),
                (#"\#(server.at), "username": "reader", "password": "canary-none", "list": "jobs""#, "WRONGPASS"),
                (#"\#(server.at), "password": "canary-none", "list": "jobs""#, "WRONGPASS"),
                (#"\#(server.at), \#(reader), "list": "others""#, "allow the ACL user"),
                (#"\#(server.at), \#(reader), "set": "jobs""#, "allow the ACL user"),
            ]
            for (fields, hint) in failures {
                let error = try #require(try await plugin.failure(fields))
                #expect(error.kind == .authFailed)
                #expect(error.message.contains(hint), "\(error.message)")
                #expect(!error.message.contains("canary"))
            }
        }
    }

    @Test("the password is sent again after every reconnect")
    func passwordSentReconnect() async throws {
        try await RedisServer.run(Self.options) { server in
            let plugin = RedisPlugin()
            let call = #"\#(server.at), "username": "reader", "password": "canary-word", "database": 1, "list": "jobs""#
            try await server.command("-n", "1", "RPUSH", "jobs", "a")
            for _ in 1...3 {
                #expect(try await plugin.value(call).value == 1)
                try await server.command("CLIENT", "KILL", "TYPE", "normal")
            }
            #expect(try await plugin.value(call).value == 1)
        }
    }

    @Test("calls with other credentials do not share a connection")
    func callsCredentialsShare() async throws {
        try await RedisServer.run(Self.options) { server in
            let plugin = RedisPlugin()
            let right = #"\#(server.at), "username": "reader", "password": "canary-word", "list": "jobs""#
            #expect(try await plugin.value(right).value == 0)
            let wrong = try await plugin.failure(#"\#(server.at), "list": "jobs""#)
            #expect(wrong?.kind == .authFailed)
            #expect(try await plugin.value(right).value == 0)
        }
    }

    @Test("a rotated password works from the next call on that contains it")
    func rotatedPasswordWorks() async throws {
        try await RedisServer.run(Self.options) { server in
            let plugin = RedisPlugin()
            func call(_ word: String) -> String {
                #"\#(server.at), "username": "reader", "password": "\#(word)", "list": "jobs""#
            }
            #expect(try await plugin.value(call("canary-word")).value == 0)
            try await server.command("ACL", "SETUSER", "reader", "resetpass", ">canary-next")
            #expect(try await plugin.value(call("canary-next")).value == 0)
            try await server.command("CLIENT", "KILL", "USER", "reader")
            #expect(try await plugin.failure(call("canary-word"))?.kind == .authFailed)
        }
    }

    @Test("a refused password of a server without one is not repeated in the error")
    func refusedPasswordServer() async throws {
        let options = RedisServer.Options(configuration: ["rename-command AUTH \"\""])
        for options in [RedisServer.Options(), options] {
            try await RedisServer.run(options) { server in
                let error = try #require(
                    try await RedisPlugin().failure(#"\#(server.at), "password": "canary-word", "list": "jobs""#))
                #expect(error.kind == .authFailed)
                #expect(!error.message.contains("canary"))
            }
        }
    }
}
