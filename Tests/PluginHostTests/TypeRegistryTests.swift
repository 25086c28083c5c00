import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

@Suite("Metric types and their plugins")
struct TypeRegistryTests {
    private func offer(_ types: String...) -> InitializeResult {
        InitializeResult(
            protocolVersion: 1, pluginName: "n", pluginVersion: "2",
            metricTypes: types.map {
                MetricTypeDescription(
                    type: $0, description: "", configSchema: .object([:]), defaultTargetType: .value)
            }, capabilities: PluginCapabilities())
    }

    @Test("a plugin answers for its name before its first handshake, and for all it offers after")
    func owners() {
        var registry = TypeRegistry(plugins: ["a"], directories: ["/d"])
        #expect(registry.owner(of: "a") == "a")
        #expect(registry.installed.isEmpty)
        #expect(registry.handshakeCompleted("a", offer("a", "b")).isEmpty)
        #expect(registry.owner(of: "b") == "a")
        #expect(registry.installed["b"]?.pluginVersion == "2")
    }

    @Test("a type offered twice stays with its plugin, and the second offer is reported")
    func conflict() throws {
        var registry = TypeRegistry(plugins: ["a", "b"], directories: [])
        #expect(registry.handshakeCompleted("a", offer("a", "x")).isEmpty)
        let conflicts = registry.handshakeCompleted("b", offer("b", "x", "a"))
        #expect(conflicts.count == 2)
        #expect(
            try #require(conflicts.first).contains(#"plugin b offers metric type "x", which plugin a already offers"#))
        #expect(registry.owner(of: "x") == "a")
        #expect(registry.owner(of: "b") == "b")
    }

    @Test("a type that a plugin does not offer any more is free")
    func changedOffer() {
        var registry = TypeRegistry(plugins: ["a", "b"], directories: [])
        _ = registry.handshakeCompleted("a", offer("x"))
        #expect(registry.owner(of: "a") == nil)
        _ = registry.handshakeCompleted("a", offer("a"))
        #expect(registry.handshakeCompleted("b", offer("b", "x")).isEmpty)
        #expect(registry.owner(of: "x") == "b")
    }

    @Test("while a plugin has not started, a missing type is not called unknown")
    func unsettled() {
        var registry = TypeRegistry(plugins: ["a"], directories: ["/d"])
        #expect(registry.unknown("x").kind == .notRunning)
        _ = registry.handshakeCompleted("a", offer("a"))
        #expect(registry.unknown("x").kind == .unknownType)
    }
}
