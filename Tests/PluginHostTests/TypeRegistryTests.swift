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

    @Test("a plugin owns the type of its own name before its first handshake, and all types that it offers after")
    func owners() {
        var registry = TypeRegistry(plugins: ["a"], directories: ["/d"])
        #expect(registry.owner(of: "a") == "a")
        #expect(registry.installed.isEmpty)
        #expect(registry.handshakeCompleted("a", offer("a", "b")).isEmpty)
        #expect(registry.owner(of: "b") == "a")
        #expect(registry.installed["b"]?.pluginVersion == "2")
    }

    @Test("a type that two plugins offer stays with the first, and the second offer is reported")
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

    @Test("a type that its plugin no longer offers can be taken by another plugin")
    func changedOffer() {
        var registry = TypeRegistry(plugins: ["a", "b"], directories: [])
        _ = registry.handshakeCompleted("a", offer("x"))
        #expect(registry.owner(of: "a") == nil)
        _ = registry.handshakeCompleted("a", offer("a"))
        #expect(registry.handshakeCompleted("b", offer("b", "x")).isEmpty)
        #expect(registry.owner(of: "x") == "b")
    }

    @Test("a missing type is not reported as unknown while a plugin has not started")
    func unsettled() {
        var registry = TypeRegistry(plugins: ["a"], directories: ["/d"])
        #expect(registry.unknown("x").kind == .notRunning)
        _ = registry.handshakeCompleted("a", offer("a"))
        #expect(registry.unknown("x").kind == .unknownType)
    }
}
