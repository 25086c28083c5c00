import HTTPTransport
import PluginSDK
import Testing
import WireFormats

@testable import generalscaler_plugin_pubsub

/// A tenant who tries to send the operator's Google credentials to a server on the operator's machine.
@Suite("Attacks on Google credentials")
struct EmulatorAttackTests {
    @Test(
        "the operator's own credentials are sent only to a loopback address that the administrator named",
        arguments: [
            ["endpoint": "http://127.0.0.1:8085"], ["tokenEndpoint": "http://localhost:8085"],
            ["endpoint": "https://127.0.0.1:8085"], ["endpoint": "http://[::1]:8085"],
        ] as [[String: JSON]])
    func loopback(places: [String: JSON]) async throws {
        let google = FakeGoogle([])
        let plugin = PubSubPlugin(
            client: google, metadataClient: google, files: FakeFiles([:]), environment: [:], nowMicroseconds: { 0 })
        let base: [String: JSON] = ["project": "shop", "subscription": "orders"]
        let error = try #require(try await plugin.failure(base.merging(places) { $1 }))
        #expect(error.kind == .configInvalid)
        #expect(error.message.contains("GENERALSCALER_GOOGLE_EMULATORS"))
        #expect(google.requests.isEmpty)
    }
}
