import Foundation
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_postgresql

/// TLS, at a real server.
@Suite(.timeLimit(.minutes(2)), .serialized) struct PostgresTLSTests {
    private func options(
        _ identity: TestCertificates.Identity, access: String = "hostssl all all 127.0.0.1/32 scram-sha-256"
    ) throws -> PostgresServer.Options {
        PostgresServer.Options(
            configuration: [
                "ssl = on", "ssl_cert_file = 'DIR/cert.pem'", "ssl_key_file = 'DIR/key.pem'",
                "ssl_ca_file = 'DIR/ca.pem'",
            ],
            access: [access],
            files: [
                "cert.pem": identity.certificate, "key.pem": identity.key,
                "ca.pem": try TestCertificates.shared.get().authority,
            ], setup: PostgresServer.setup)
    }

    /// PEM as it stands in JSON.
    private func inline(_ pem: [UInt8]) -> String {
        String(decoding: pem, as: UTF8.self).replacing("\n", with: "\\n")
    }

    private static let query = #""query": "SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()""#

    private func url(_ server: PostgresServer, _ parameters: String, host: String = "127.0.0.1") -> String {
        #""url": "postgresql://scaler:canary-word@\#(host):\#(server.port)/postgres?\#(parameters)", \#(Self.query)"#
    }

    @Test("a verified connection is made, and refused if the certificate has another authority")
    func verifiedConnectionMade() async throws {
        let certificates = try TestCertificates.shared.get()
        try await PostgresServer.run(try options(certificates.server)) { server in
            let plugin = PostgresPlugin()
            let trusted = #""tls": {"ca": "\#(inline(certificates.authority))"}"#
            for place in [
                "\(server.at), \(trusted), \(Self.query)",
                #"\#(server.at), "tls": {"insecureSkipVerify": true}, \#(Self.query)"#,
                "\(url(server, "sslmode=verify-full", host: "localhost")), \(trusted)",
                "\(url(server, "sslmode=verify-ca")), \(trusted)", "\(url(server, "sslmode=require"))",
                "\(url(server, "sslmode=prefer"))", "\(url(server, "channel_binding=require"))",
                "\(server.at), \(Self.query)",
            ] {
                #expect(try await plugin.value(place).value == 1, "\(place)")
            }
            for tls in ["{}", #"{"ca": "\#(inline(certificates.otherAuthority))"}"#] {
                let error = try #require(try await plugin.failure(#"\#(server.at), "tls": \#(tls), \#(Self.query)"#))
                #expect(error.kind == .sourceUnreachable)
                #expect(error.path == "tls")
                #expect(error.message.contains("no trusted TLS connection"), "\(error.message)")
            }
            let system = try #require(try await plugin.failure(url(server, "sslmode=verify-full")))
            #expect(system.message.contains("certificate"), "\(system.message)")
            let plain = try #require(try await plugin.failure(url(server, "sslmode=disable")))
            #expect(plain.kind == .authFailed)
            #expect(plain.message.contains("no encryption"), "\(plain.message)")
        }
    }

    @Test("a certificate for another name is refused, unless the config expects that name")
    func certificateNameRefused() async throws {
        let certificates = try TestCertificates.shared.get()
        try await PostgresServer.run(try options(certificates.namedServer)) { server in
            let plugin = PostgresPlugin()
            let ca = #""ca": "\#(inline(certificates.authority))""#
            let error = try #require(try await plugin.failure(#"\#(server.at), "tls": {\#(ca)}, \#(Self.query)"#))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.path == "tls")
            #expect(error.message.contains("api.internal"), "\(error.message)")
            let expected = #"\#(server.at), "tls": {\#(ca), "serverName": "api.internal"}, \#(Self.query)"#
            #expect(try await plugin.value(expected).value == 1)
            #expect(try await plugin.value(#"\#(url(server, "sslmode=verify-ca")), "tls": {\#(ca)}"#).value == 1)
        }
    }

    @Test("a server that requires a client certificate gets it, and its temporary file is removed")
    func serverRequiresClient() async throws {
        let certificates = try TestCertificates.shared.get()
        let access = "hostssl all all 127.0.0.1/32 scram-sha-256 clientcert=verify-ca"
        try await PostgresServer.run(try options(certificates.server, access: access)) { server in
            let plugin = PostgresPlugin()
            let ca = #""ca": "\#(inline(certificates.authority))""#
            let client =
                #""cert": "\#(inline(certificates.client.certificate))", "key": "\#(inline(certificates.client.key))""#
            let shown = #"\#(server.at), "tls": {\#(ca), \#(client)}, \#(Self.query)"#
            #expect(try await plugin.value(shown).value == 1)
            let error = try #require(try await plugin.failure(#"\#(server.at), "tls": {\#(ca)}, \#(Self.query)"#))
            #expect([.sourceUnreachable, .authFailed].contains(error.kind))
            #expect(error.message.contains("certificate"), "\(error.message)")
            let broken =
                #"\#(server.at), "tls": {\#(ca), "cert": "\#(inline(certificates.client.certificate))", "key": "\#(inline(certificates.server.key))"}, \#(Self.query)"#
            #expect(try await plugin.failure(broken)?.path == "tls")
            #expect(try files() == [])
        }
    }

    /// Files of certificates and keys in the temporary directory.
    private func files() throws -> [String] {
        let directory = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        return try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix("tls-") }
    }

    @Test("a server without TLS is refused, unless TLS is optional")
    func serverTLSRefused() async throws {
        try await PostgresServer.run { server in
            let plugin = PostgresPlugin()
            let error = try #require(try await plugin.failure(#"\#(server.at), "tls": {}, \#(Self.query)"#))
            #expect(error.kind == .sourceUnreachable)
            #expect(error.path == "tls")
            #expect(error.message.contains("does not support SSL"), "\(error.message)")
            #expect(try await plugin.failure(url(server, "sslmode=require"))?.path == "tls")
            #expect(try await plugin.value("\(server.at), \(Self.query)").value == 0)
        }
    }
}
