import PluginSDK
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_kafka

/// Servers that are no brokers, or broken ones.
@Suite(.timeLimit(.minutes(2)), .serialized) struct KafkaFaultTests {
    private static func config(port: Int, group: String = "shop") -> String {
        #""brokers": ["127.0.0.1:\#(port)"], "group": "\#(group)", "topics": ["orders"]"#
    }

    private func failure(
        timeout: Duration = .seconds(2), script: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> PluginError {
        let start = ContinuousClock.now
        let error = try await RawServer.run(script: script) { port in
            try #require(try await KafkaPlugin().failure(Self.config(port: port), timeout: timeout))
        }
        #expect(ContinuousClock.now - start < .seconds(60))
        return error
    }

    @Test(
        "a server of another protocol is an error of the brokers",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{46}", "", "\u{0}\u{0}\u{0}\u{0}",
        ])
    func serverProtocolError(answer: String) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write(answer)
        }
        // A connection that is closed before a whole answer may be one to a port with TLS.
        let path = answer.hasPrefix("HTTP") ? "brokers" : "tls"
        let summary = "\(error)".filter { $0 != "\0" }
        #expect(error.kind == .sourceUnreachable && error.path == path, "\(summary)")
        if answer.hasPrefix("HTTP") {
            #expect(error.message.contains("does not answer as a Kafka broker"), "\(summary)")
            #expect(!error.message.contains("receive.message"), "\(summary)")
        }
    }

    @Test("an answer that arrives byte by byte ends at the deadline")
    func answerArrivesByte() async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write([0, 0, 16, 0])
            while connection.write("x"), !connection.isClosed(within: 50) {}
        }
        #expect([.deadlineExceeded, .sourceUnreachable].contains(error.kind), "\(error)")
    }

    @Test("answers of many MiB are errors and use little memory", arguments: [1 << 30, 7 << 20] as [UInt32])
    func answersManyMiB(size: UInt32) async throws {
        let block = [UInt8](repeating: 0, count: 1 << 20)
        let memory = try await RawServer.run { connection in
            guard let request = connection.read(), request.count >= 12 else { return }
            // The answer's correlation number is that of the request.
            connection.write(withUnsafeBytes(of: size.bigEndian, Array.init) + request[8..<12])
            while connection.write(block) {}
        } _: { port in
            let configs = (0..<4).map { "{\(Self.config(port: port, group: "g\($0)"))}" }
            return try await PluginMemory.reading("generalscaler-plugin-kafka", type: "kafka", configs: configs)
        }
        #expect(memory.answers.count == 4 && memory.answers.allSatisfy { $0["error"] != nil })
        #expect(memory.peakBytes < 128 << 20, "\(memory.peakBytes >> 20) MiB")
    }

    @Test("the plugin's output contains no secret")
    func pluginOutputContains() async throws {
        let port = try RawServer.unusedPort()
        let fields = Self.config(port: port)
        let configs = [
            #"{\#(fields), "sasl": {"mechanism": "PLAIN", "username": "u", "password": "canary-1"}}"#,
            #"{\#(fields), "sasl": {"mechanism": "SCRAM-SHA-512", "username": "u", "password": "canary-2"}}"#,
            #"{\#(fields), "sasl": {"mechanism": "OAUTHBEARER", "token": "canary-3"}}"#,
            #"{\#(fields), "tls": {"cert": "/none", "key": "canary-4"}}"#,
            #"{\#(fields), "sasl": {"mechanism": "PLAIN", "username": "u", "password": ["canary-5"]}}"#,
        ]
        let transcript = try await PluginTranscript("generalscaler-plugin-kafka", type: "kafka", configs: configs)
        #expect(transcript.standardOutput.split(separator: "\n").count == 1 + 2 * configs.count)
        #expect(transcript.standardOutput.contains("127.0.0.1:\(port)"))
        #expect(!transcript.everything.contains("canary"))
    }
}
