import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_redis

/// TLS with a real server.
@Suite(.timeLimit(.minutes(2))) struct RedisTLSTests {
    private func options(
        _ identity: TestCertificates.Identity, clients: String = "no"
    ) throws -> RedisServer.Options {
        RedisServer.Options(
            configuration: [
                "port 0", "tls-port PORT", "tls-cert-file DIR/cert.pem", "tls-key-file DIR/key.pem",
                "tls-ca-cert-file DIR/ca.pem", "tls-auth-clients \(clients)",
            ],
            files: [
                "cert.pem": identity.certificate, "key.pem": identity.key,
                "ca.pem": try TestCertificates.shared.get().authority,
            ])
    }

    /// PEM as a JSON string.
    private func inline(_ pem: [UInt8]) -> String {
        String(decoding: pem, as: UTF8.self).replacing("\n", with: "\\n")
    }

    @Test("a verified connection is kept, and refused if the certificate has another authority")
    func verifiedConnectionKept() async throws {
        let certificates = try TestCertificates.shared.get()
        try await RedisServer.run(try options(certificates.server)) { server in
            let plugin = RedisPlugin()
            let trusted = #""tls": {"ca": "\#(inline(certificates.authority))"}"#
            for place in [
                #"\#(server.at), \#(trusted)"#, #""url": "rediss://\#(server.address)", \#(trusted)"#,
                #"\#(server.at), "tls": {"insecureSkipVerify": true}"#,
                #""url": "redis://localhost:\#(server.port)", \#(trusted)"#,
            ] {
                for _ in 1...3 { #expect(try await plugin.value(#"\#(place), "list": "list""#).value == 0) }
            }
            for tls in ["{}", #"{"ca": "\#(inline(certificates.otherAuthority))"}"#] {
                let error = try #require(try await plugin.failure(#"\#(server.at), "tls": \#(tls), "list": "list""#))
                #expect(error.kind == .sourceUnreachable)
                #expect(error.message.contains("no trusted TLS connection"), "\(error.message)")
            }
            // localhost and 127.0.0.1 are two servers, with and without verification two more; equal ones share a
            // connection.
            #expect(plugin.idleConnections == 3)
        }
    }

    @Test("a certificate for another name is refused, unless the config expects that name")
    func certificateNameRefused() async throws {
        let certificates = try TestCertificates.shared.get()
        try await RedisServer.run(try options(certificates.namedServer)) { server in
            let plugin = RedisPlugin()
            let ca = #""ca": "\#(inline(certificates.authority))""#
            let error = try #require(try await plugin.failure(#"\#(server.at), "tls": {\#(ca)}, "list": "list""#))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.message.contains("no trusted TLS connection"))
            let expected = #"\#(server.at), "tls": {\#(ca), "serverName": "api.internal"}, "list": "list""#
            #expect(try await plugin.value(expected).value == 0)
        }
    }

    @Test("a server that requires a client certificate gets it")
    func serverRequiresClient() async throws {
        let certificates = try TestCertificates.shared.get()
        try await RedisServer.run(try options(certificates.server, clients: "yes")) { server in
            let plugin = RedisPlugin()
            let ca = #""ca": "\#(inline(certificates.authority))""#
            let client =
                #""cert": "\#(inline(certificates.client.certificate))", "key": "\#(inline(certificates.client.key))""#
            let shown = #"\#(server.at), "tls": {\#(ca), \#(client)}, "list": "list""#
            #expect(try await plugin.value(shown).value == 0)
            // The server verifies the client only after the handshake.
            let error = try #require(try await plugin.failure(#"\#(server.at), "tls": {\#(ca)}, "list": "list""#))
            #expect(error.kind == .sourceUnreachable)
        }
    }

    @Test("plaintext to a TLS port fails immediately with the hint that the server may expect TLS")
    func plaintextTLSPort() async throws {
        try await RedisServer.run(try options(try TestCertificates.shared.get().server)) { server in
            let error = try #require(try await RedisPlugin().failure(#"\#(server.at), "list": "list""#))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.message.contains("may expect TLS: use rediss://"), "\(error.message)")
        }
    }

    @Test("TLS to a plaintext port fails by the deadline with the hint to omit TLS")
    func tlsPlaintextPort() async throws {
        try await RedisServer.run { server in
            let start = ContinuousClock.now
            let error = try #require(
                try await RedisPlugin().failure(
                    #""url": "rediss://\#(server.address)", "list": "list""#, timeout: .milliseconds(1_500)))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.message.contains("use redis:// and omit tls"), "\(error.message)")
            #expect(ContinuousClock.now - start < .seconds(60))
        }
    }

    @Test("a port that accepts but does not answer TLS is distinguished from an unreachable one")
    func portAcceptsAnswer() async throws {
        let silence: @Sendable (RawServer.Connection) -> Void = { $0.waitForClose() }
        try await RawServer.run(script: silence) { port in
            let error = try #require(
                try await RedisPlugin().failure(
                    #""url": "rediss://127.0.0.1:\#(port)", "list": "list""#, timeout: .milliseconds(800)))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.message.contains("did not complete the TLS handshake in time"), "\(error.message)")
        }
        try await RawServer.runFull { port in
            let error = try #require(
                try await RedisPlugin().failure(
                    #""url": "rediss://127.0.0.1:\#(port)", "list": "list""#, timeout: .milliseconds(800)))
            #expect(error.kind == .deadlineExceeded)
            #expect(error.message.contains("timed out while connecting"), "\(error.message)")
        }
    }
}
