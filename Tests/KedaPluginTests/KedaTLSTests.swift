import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_keda

@Suite("TLS of external scalers", .timeLimit(.minutes(3)), .serialized)
struct KedaTLSTests {
    private let certificates: TestCertificates

    init() throws {
        certificates = try TestCertificates.shared.get()
    }

    /// PEM as a JSON string.
    private func inline(_ pem: [UInt8]) -> String {
        String(decoding: pem, as: UTF8.self).replacing("\n", with: "\\n")
    }

    private func trust(_ fields: String = "") -> String {
        #", "tls": {"ca": "\#(inline(certificates.authority))"\#(fields)}"#
    }

    private func identity(_ client: TestCertificates.Identity) -> String {
        #", "cert": "\#(inline(client.certificate))", "key": "\#(inline(client.key))""#
    }

    @Test("a scaler with a trusted certificate is read, by its IP address and by its name")
    func trusted() async throws {
        try await ExternalScaler.run(certificates.server) { scaler in
            let plugin = KedaPlugin()
            let trusted = try await plugin.value(scaler.fields([:], trust()))
            #expect(trusted.value == 0)
            #expect(try await plugin.value(scaler.fields([:], #", "tls": {"insecureSkipVerify": true}"#)).value == 0)
            let named = #""address": "localhost:\#(scaler.port)""# + trust()
            #expect(try await plugin.value(named).value == 0)
            // Each identity has its own connection.
            #expect(plugin.channelCount == 3)
        }
        try await ExternalScaler.run(certificates.namedServer) { scaler in
            let fields = scaler.fields([:], trust(#", "serverName": "api.internal""#))
            let reading = try await KedaPlugin().value(fields)
            #expect(reading.value == 0)
        }
    }

    @Test("a certificate that is not trusted, has expired or is for another name is refused")
    func refused() async throws {
        let refusals = [
            (certificates.server, #", "tls": {}"#), (certificates.expiredServer, trust()),
            (certificates.server, #", "tls": {"ca": "\#(inline(certificates.otherAuthority))"}"#),
            (certificates.namedServer, trust()),
            (certificates.namedServer, trust(#", "serverName": "other.internal""#)),
            // Although this certificate is valid for the IP address.
            (certificates.server, trust(#", "serverName": "other.internal""#)),
        ]
        for (identity, tls) in refusals {
            try await ExternalScaler.run(identity) { scaler in
                let error = try #require(try await KedaPlugin().failure(scaler.fields([:], tls)))
                #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
            }
        }
    }

    @Test(
        "a certificate covers a name that is equal, or whose first label is a wildcard",
        arguments: [
            ("api.shop", "api.shop", true), ("API.shop.", "api.SHOP", true), ("api.shop", "*.shop", true),
            ("api.shop", "*.shop.", true), ("api.shop", "", false), ("", "*", false), ("shop", "*", false),
            ("api.shop", "api", false), ("api", "api.shop", false), ("a.api.shop", "*.shop", false),
            ("shop", "*.shop", false), ("api.shop", "*.*", false), ("api.shop", "a*.shop", false),
            ("api.shop", "api.*", false), ("127.0.0.1", "127.0.0.2", false), ("api.shop", "api.shop\u{0}.evil", false),
        ])
    func names(host: String, name: String, isCovered: Bool) {
        #expect(ServerName(host).matches(name) == isCovered)
    }

    @Test("a scaler that requires a client certificate gets it, and refuses one of another authority")
    func mutual() async throws {
        try await ExternalScaler.run(certificates.server, clientAuthority: certificates.authority) { scaler in
            let plugin = KedaPlugin()
            let fields = scaler.fields([:], trust(identity(certificates.client)))
            #expect(try await plugin.value(fields).value == 0)
            for tls in [trust(), trust(identity(certificates.strangeClient))] {
                let error = try #require(try await plugin.failure(scaler.fields([:], tls), timeout: .seconds(5)))
                #expect(error.kind == .sourceUnreachable, "\(error)")
            }
        }
    }

    @Test("a scaler with TLS that is read without, and one without that is read with TLS, are unreachable")
    func mismatch() async throws {
        try await ExternalScaler.run(certificates.server) { scaler in
            let error = try #require(try await KedaPlugin().failure(scaler.fields(), timeout: .seconds(5)))
            #expect(error.kind == .sourceUnreachable, "\(error)")
        }
        try await ExternalScaler.run { scaler in
            let error = try #require(try await KedaPlugin().failure(scaler.fields([:], trust()), timeout: .seconds(5)))
            #expect(error.kind == .sourceUnreachable && error.path == "tls", "\(error)")
        }
    }

    @Test("certificates and keys that are malformed are errors of the config that do not quote them")
    func malformed() async throws {
        let pem = #"-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n"#
        let key = #"-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"#
        let plugin = KedaPlugin(files: NoFiles())
        for tls in [
            #"{"ca": "\#(pem)"}"#, #"{"cert": "\#(pem)", "key": "\#(key)"}"#, #"{"ca": "/nowhere.pem"}"#,
            #"{"cert": "\#(inline(certificates.client.certificate))", "key": "\#(key)"}"#,
        ] {
            let error = try #require(try await plugin.failure(#""address": "127.0.0.1:9", "tls": \#(tls)"#))
            #expect(error.kind == .configInvalid && error.path?.hasPrefix("tls") == true, "\(error)")
            #expect(!error.message.contains("canary"), "\(error)")
        }
    }
}
