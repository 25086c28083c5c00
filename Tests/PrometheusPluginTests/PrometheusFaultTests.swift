import HTTPTransport
import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_prometheus

/// Misbehaving servers with the real HTTP client.
@Suite(.timeLimit(.minutes(3))) struct PrometheusFaultTests {
    private func failure(
        timeout: Duration = .seconds(20), script: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> PluginError {
        try await RawServer.run(script: script) { port in
            let plugin = PrometheusPlugin(client: CurlHTTPClient(configuration: .init(proxies: .none)))
            let error = try await plugin.failure(address: "http://127.0.0.1:\(port)", query: "1", timeout: timeout)
            return try #require(error)
        }
    }

    @Test("a truncated answer is never a value")
    func truncatedAnswerNever() async throws {
        let error = try await failure { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":\"success\"")
        }
        #expect(error.kind == .sourceUnreachable)
    }

    @Test("an answer that arrives byte by byte ends at the deadline")
    func answerArrivesByte() async throws {
        let start = ContinuousClock.now
        let error = try await failure(timeout: .seconds(1)) { connection in
            _ = connection.readHead()
            _ = connection.read()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while connection.write(" "), !connection.isClosed(within: 50) {}
        }
        #expect(error.kind == .deadlineExceeded)
        // The complete body would take 50 s.
        #expect(ContinuousClock.now - start < .seconds(40))
    }

    @Test("a body of 1 GB is read only up to the size limit")
    func body1GB() async throws {
        let error = try await failure(timeout: .seconds(120)) { connection in
            _ = connection.readHead()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
            let block = [UInt8](repeating: UInt8(ascii: " "), count: 1 << 20)
            while connection.write(block) {}
        }
        #expect(error.kind == .configInvalid)
        #expect(error.message.contains("larger than 8 MiB"))
    }

    @Test("a server that accepts and sends nothing is abandoned at the deadline")
    func serverAcceptsSends() async throws {
        let error = try await failure(timeout: .milliseconds(500)) { $0.waitForClose() }
        #expect(error.kind == .deadlineExceeded)
    }

    @Test("the plugin's output contains no secret")
    func pluginOutputContains() async throws {
        let place = #""address": "http://127.0.0.1:1", "query": "up""#
        let key =
            #""region": "eu-west-1", "accessKeyID": "a", "secretAccessKey": "canary-1", "sessionToken": "canary-2""#
        let configs = [
            #"{\#(place), "headers": {"X-A": "canary-3"}, "auth": {"bearer": {"token": "canary-4"}}}"#,
            #"{\#(place), "auth": {"basic": {"username": "u", "password": "canary-5"}}}"#,
            #"{\#(place), "auth": {"sigv4": {\#(key)}}}"#,
            #"{\#(place), "tls": {"cert": "/none", "key": "canary-6"}}"#,
            #"{\#(place), "headers": {"X A": "canary-7"}, "auth": {"bearer": {"token": "canary 8"}}}"#,
        ]
        let transcript = try await PluginTranscript(
            "generalscaler-plugin-prometheus", type: "prometheus", configs: configs)
        #expect(transcript.standardOutput.split(separator: "\n").count == 1 + 2 * configs.count)
        #expect(transcript.standardOutput.contains("127.0.0.1:1"))
        #expect(!transcript.everything.contains("canary"))
    }
}
