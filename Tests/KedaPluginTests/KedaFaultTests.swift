import PluginSDK
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_keda

/// Servers that are no external scalers, or broken ones.
@Suite("servers that are no external scalers", .timeLimit(.minutes(3)), .serialized)
struct KedaFaultTests {
    private func failure(
        timeout: Duration = .seconds(60), script: @escaping @Sendable (RawServer.Connection) -> Void
    ) async throws -> PluginError {
        try await RawServer.run(script: script) { port in
            try #require(try await KedaPlugin().failure(#""address": "127.0.0.1:\#(port)""#, timeout: timeout))
        }
    }

    @Test(
        "a server of another protocol is unreachable",
        arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{46}", "", "+PONG\r\n"])
    func otherProtocol(answer: String) async throws {
        let error = try await failure { connection in
            _ = connection.read()
            connection.write(answer)
        }
        #expect(error.kind == .sourceUnreachable && error.path == "address", "\(error)")
    }

    @Test("a server that accepts connections and says nothing ends at the deadline")
    func silent() async throws {
        let error = try await failure(timeout: .seconds(2)) { connection in
            while connection.read() != nil {}
        }
        #expect([.deadlineExceeded, .sourceUnreachable].contains(error.kind), "\(error)")
    }

    @Test("a port that nothing listens on is reported with the reason, and a name without an address with the name")
    func nothing() async throws {
        let port = try RawServer.unusedPort()
        let plugin = KedaPlugin()
        let refused = try #require(try await plugin.failure(#""address": "127.0.0.1:\#(port)""#))
        #expect(refused.kind == .sourceUnreachable && refused.path == "address", "\(refused)")
        #expect(refused.message.contains("Connection refused"), "\(refused)")
        let unknown = try #require(try await plugin.failure(#""address": "scaler.invalid:9090""#))
        #expect(unknown.message.contains("no address found for scaler.invalid"), "\(unknown)")
    }

    @Test("messages of many MiB are errors and use little memory")
    func large() async throws {
        try await ExternalScaler.run { scaler in
            let configs = (0..<8).map { "{\(scaler.fields(["fault": "GetMetrics=large"], name: "n\($0)"))}" }
            let memory = try await PluginMemory.reading(
                "generalscaler-plugin-keda", type: "keda-external", configs: configs)
            #expect(memory.answers.count == 8 && memory.answers.allSatisfy { $0["error"] != nil })
            #expect(memory.peakBytes < 128 << 20, "\(memory.peakBytes >> 20) MiB")
        }
    }

    @Test("the plugin's output contains no secret, also if the scaler's messages repeat it")
    func secrets() async throws {
        try await ExternalScaler.run { scaler in
            let secret = #", "secretMetadata": {"apiKey": "canary-of-the-scaler"}"#
            let configs = [
                "{\(scaler.fields(["fault": "IsActive=PERMISSION_DENIED"], secret))}",
                "{\(scaler.fields(["fault": "GetMetrics=INTERNAL"], secret))}",
                #"{"address": "127.0.0.1:9", "secretMetadata": {"a": "canary-1", "b": ["canary-2"]}}"#,
                #"{"address": "127.0.0.1:9", "tls": {"cert": "/none", "key": "canary-3"}}"#,
                "{\(scaler.fields([:], secret))}",
            ]
            let transcript = try await PluginTranscript(
                "generalscaler-plugin-keda", type: "keda-external", configs: configs)
            #expect(transcript.standardOutput.split(separator: "\n").count == 1 + 2 * configs.count)
            #expect(transcript.standardOutput.contains("permissionDenied"))
            #expect(!transcript.everything.contains("canary"), "\(transcript.everything)")
        }
    }
}
