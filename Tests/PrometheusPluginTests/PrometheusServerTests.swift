import Foundation
import HTTPTransport
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_prometheus

/// The plugin with its real HTTP client and a real Prometheus.
@Suite(.timeLimit(.minutes(3))) struct PrometheusServerTests {
    private static let twoSeries =
        #"label_replace(vector(1), \"pod\", \"a\", \"\", \"\") or label_replace(vector(2), \"pod\", \"b\", \"\", \"\")"#

    @Test("a real server's values are read, and its errors are reported with its message")
    func realServerValues() async throws {
        try await PrometheusServer.run { server in
            let plugin = PrometheusPlugin()
            let address = server.address

            for method in ["POST", "GET"] {
                let vector = try await plugin.value(#""method": "\#(method)""#, address: address, query: "vector(42)")
                #expect(vector.value == 42)
                let scalar = try await plugin.value(#""method": "\#(method)""#, address: address, query: "6 * 7.5")
                #expect(scalar.value == 45)
            }

            let averaged = try await plugin.value(address: address, query: Self.twoSeries)
            #expect(averaged.value == 1.5)
            #expect(averaged.detail?.contains("2 series") == true)
            let summed = try await plugin.value(#""aggregation": "sum""#, address: address, query: Self.twoSeries)
            #expect(summed.value == 3)

            let failures: [(query: String, kind: PluginError.Kind, hint: String)] = [
                ("vector(0) > 1", .noData, "empty result"),
                ("0 / 0", .noData, "NaN"),
                ("vector(1) / 0", .noData, "+Inf"),
                ("up{", .configInvalid, "parse error"),
                (#"\"text\""#, .configInvalid, "a string"),
                ("up[5m]", .configInvalid, "a range of samples"),
            ]
            for (query, kind, hint) in failures {
                let error = try #require(try await plugin.failure(address: address, query: query))
                #expect(error.kind == kind)
                #expect(error.message.contains(hint), "\(error.message)")
            }

            let wrongPath = try await plugin.failure(address: "\(address)/nowhere", query: "1")
            #expect(wrongPath?.kind == .notFound)
        }
    }

    @Test("the rate of a counter is computed from the samples that the server stored")
    func rateCounterComputed() async throws {
        // Two requests per second over the last five minutes, by each of two pods.
        let now = Int(Date().timeIntervalSince1970)
        var samples = "# TYPE http_requests counter\n"
        for pod in ["a", "b"] {
            for age in stride(from: 300, through: 0, by: -10) {
                samples += "http_requests_total{pod=\"\(pod)\"} \((300 - age) * 2) \(now - age)\n"
            }
        }
        try await PrometheusServer.run(.init(samples: samples + "# EOF\n")) { server in
            let plugin = PrometheusPlugin()
            // At the time of the last sample, so that the duration of the test does not matter.
            let query = "rate(http_requests_total[4m] @ \(now))"
            let perPod = try await plugin.value(address: server.address, query: query)
            // Slightly less on a slow machine, because the newest sample ages.
            #expect(1.4...2.1 ~= perPod.value)
            #expect(perPod.detail?.contains("2 series") == true)
            #expect(abs(perPod.observedAtMicroseconds - MetricReading(0).observedAtMicroseconds) < 60_000_000)
            let total = try await plugin.value(
                address: server.address, query: "sum(\(query))", targetType: .averageValue)
            #expect(2.8...4.2 ~= total.value)
            let refused = try await plugin.failure(address: server.address, query: query, targetType: .averageValue)
            #expect(refused?.message.contains("sum(...)") == true)
        }
    }

    @Test("a server below a path prefix is queried")
    func serverBelowPath() async throws {
        try await PrometheusServer.run(.init(pathPrefix: "/prometheus")) { server in
            let reading = try await PrometheusPlugin().value(address: server.address, query: "vector(1)")
            #expect(reading.value == 1)
        }
    }

    @Test("a port without a listener is reported as unreachable")
    func portListenerReported() async throws {
        let error = try #require(try await PrometheusPlugin().failure(address: "http://127.0.0.1:1", query: "1"))
        #expect(error.kind == .sourceUnreachable)
        #expect(error.message.contains("127.0.0.1:1"))
    }

    @Test("a server that requires basic authentication accepts the configured user and password")
    func serverRequiresBasic() async throws {
        // The bcrypt hash of "open sesame".
        let web = "basic_auth_users: {reader: $2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW}"
        try await PrometheusServer.run(.init(webConfiguration: web)) { server in
            let plugin = PrometheusPlugin()
            let right = #""auth": {"basic": {"username": "reader", "password": "open sesame"}}"#
            #expect(try await plugin.value(right, address: server.address, query: "1").value == 1)
            let wrong = try await plugin.failure(
                right.replacing("sesame", with: "barley"), address: server.address, query: "1")
            #expect(wrong?.kind == .authFailed)
            #expect(wrong?.message.contains("barley") == false)
            #expect(try await plugin.failure(address: server.address, query: "1")?.kind == .authFailed)
        }
    }

    @Test("the server's certificate is verified, and the client's certificate is presented")
    func serverCertificateVerified() async throws {
        let identity = try await SelfSignedCertificate()
        let web = """
            tls_server_config:
              cert_file: cert.pem
              key_file: key.pem
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: cert.pem
            """
        let options = PrometheusServer.Options(
            webConfiguration: web, files: ["cert.pem": identity.certificate, "key.pem": identity.key], scheme: "https")
        try await PrometheusServer.run(options) { server in
            let files = FakeFiles(["/cert.pem": [identity.certificate], "/key.pem": [identity.key]])
            let plugin = PrometheusPlugin(client: CurlHTTPClient(), files: files)
            let inline = identity.certificate.replacing("\n", with: "\\n")
            let known = #""ca": "\#(inline)""#
            let shown = #""cert": "/cert.pem", "key": "/key.pem""#
            let reading = try await plugin.value(#""tls": {\#(known), \#(shown)}"#, address: server.address, query: "1")
            #expect(reading.value == 1)
            let unverified = try await plugin.value(
                #""tls": {"insecureSkipVerify": true, \#(shown)}"#, address: server.address, query: "1")
            #expect(unverified.value == 1)
            for tls in [shown, #"\#(known), \#(shown), "serverName": "elsewhere.example""#] {
                let error = try await plugin.failure(#""tls": {\#(tls)}"#, address: server.address, query: "1")
                #expect(error?.kind == .sourceUnreachable)
                #expect(error?.message.contains("TLS") == true, "\(error?.message ?? "")")
            }
            // The server verifies the client only after the handshake, so the error may be a lost connection.
            let unknown = try await plugin.failure(#""tls": {\#(known)}"#, address: server.address, query: "1")
            #expect(unknown?.kind == .sourceUnreachable)
        }
    }
}
