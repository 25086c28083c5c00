import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Allowed addresses")
struct AddressPatternTests {
    @Test(
        "an address pattern allows the addresses that it matches",
        arguments: [
            ("http://prom.example.com", "http://prom.example.com"),
            ("http://prom.example.com", "HTTP://Prom.Example.COM/graph?x=1"),
            ("http://prom.example.com", "http://prom.example.com:80/"),
            ("https://prom.example.com", "https://user:secret@prom.example.com:443"),
            ("prom.example.com", "https://prom.example.com:443"),
            ("prom.example.com:443", "https://prom.example.com"),
            ("redis.shop:6379", "redis.shop:6379"),
            ("redis.shop:6379", "rediss://u:p%40ss@redis.shop:6379/0"),
            ("redis.shop", "redis.shop"),
            ("redis.shop.", "redis.shop."),
            ("redis://redis.shop:*", "redis://redis.shop"),
            ("redis://redis.shop:*", "redis://redis.shop:7000"),
            ("*.example.com", "https://a.b.example.com"),
            ("[fd00::7]:6379", "[FD00:0:0:0::0007]:6379"),
            ("http://[::1]:*", "http://[0:0:0:0:0:0:0:1]:9090/x"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        ])
    func allowed(pattern: String, address: String) throws {
        let pattern = try #require(AddressPattern(pattern))
        #expect(pattern.allows(try #require(ServerAddress(address))))
    }

    @Test(
        "an address pattern does not allow an address with another scheme, host or port",
        arguments: [
            ("http://prom.example.com", "https://prom.example.com"),
            ("http://prom.example.com", "http://prom.example.com:8080"),
            ("http://prom.example.com", "prom.example.com"),
            ("http://prom.example.com", "http://prom.example.com@evil.example"),
            ("http://prom.example.com", "http://prom.example.com:80@evil.example"),
            ("http://prom.example.com", "http://prom.example.com.evil.example"),
            ("http://prom.example.com", "http://evil.example/prom.example.com"),
            ("http://prom.example.com", "http://evil.example?prom.example.com"),
            ("http://prom.example.com", "http://evil.example#prom.example.com"),
            ("*.example.com", "http://example.com"),
            ("*.example.com", "http://evilexample.com"),
            ("*.example.com", "http://a.example.com.evil.example"),
            ("127.0.0.1:80", "http://2130706433"),
            ("redis.shop:6379", "redis.shop"),
            ("redis.shop:6379", "redis.shop.:6379"),
            ("redis.shop.:6379", "redis.shop:6379"),
            ("https://*.example.com", "https://a.example.com."),
            ("redis.shop", "redis.shop:6379"),
            ("[::1]", "[::2]"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock2"),
            ("run:*", "unix:///run"),
        ])
    func refused(pattern: String, address: String) throws {
        let pattern = try #require(AddressPattern(pattern))
        #expect(!pattern.allows(try #require(ServerAddress(address))))
    }

    @Test(
        "an ambiguous address is rejected",
        arguments: [
            "", "http://", "http:///evil.example", "http:/evil.example", "http://a\\@b", "http://a@b@c", "http://a/@b",
            "http://a?@b", "http://a#@b", "http://a b", "http://a\tb", "http://a\nb", "http://a%2eb", "http://a..b",
            "http://a:", "http://a:0", "http://a:65536", "http://a:8x", "http://a:80:81", "a::b", "http://[::1",
            "[::1%25eth0]",
            "http://[::1]x", "http://ex\u{e4}mple", "1://a", "://a", "unix://run/x", "unix:///run/../x",
            "unix:///a%2fb",
            "http://a;b", "redis://u:p@ss@host:6379", "redis://u:p/ss@host:6379",
        ])
    func noAddress(text: String) {
        #expect(ServerAddress(text) == nil)
    }

    @Test(
        "invalid address patterns are rejected",
        arguments: [
            "", "*", "*:*", ":*", "*.", "http://*", "http://a.*.b", "a*", "http://u@a", "http://a/path", "http://a?x",
            "http://a:80:*", "*.[::1]", "unix:///x:*", "unix://*.x", "a b",
        ])
    func noPattern(text: String) {
        #expect(AddressPattern(text) == nil)
    }

    // MARK: In the host

    private static func plugin(_ schema: String) -> PluginScript {
        PluginScript(
            types: ["guarded"],
            handshake: """
                        ok(m, {"protocolVersion": 1, "plugin": {"name": "p", "version": "1"}, "capabilities": {},
                            "metricTypes": [{"type": "guarded", "description": "d", "defaultTargetType": "Value",
                                "configSchema": {"type": "object", "properties": \(schema)}}]})
                """)
    }

    private static let marked = """
        {"url": {"type": "string", "x-address": True},
            "more": {"type": "array", "items": {"type": "string", "x-address": True}}, "value": {}}
        """
    private static let manifest = """
        plugins:
          guarded: {defaults: {more: ["own:1"]}, allowedAddresses: ["http://good.example", "*.shop:6379"]}
        """

    @Test("a refused address beside a secret is named, and one that is a secret is not")
    func besideSecret() async throws {
        let schema = """
            {"auth": {"type": "object", "properties": {"tokenURL": {"type": "string", "x-address": True},
                "secret": {"type": "string", "x-secret": True},
                "url": {"type": "string", "x-address": True, "x-secret": True}}}}
            """
        try await HostFixture.run(["guarded": Self.plugin(schema)], manifest: Self.manifest) {
            fixture async throws in
            func problem(_ auth: JSON) async -> String {
                let verdict = await fixture.host.validate(type: "guarded", config: PluginConfig(["auth": auth]))
                guard case .invalid(let problems) = verdict else { return "allowed" }
                return problems.map(\.description).joined()
            }
            let token = await problem(["tokenURL": "https://tokens.example/t", "secret": "canary-word"])
            #expect(token.contains("auth.tokenURL: \"https://tokens.example\" is not allowed"), "\(token)")
            let hidden = await problem(["url": "https://hidden.example/t"])
            #expect(
                hidden.contains("an address from a Secret is not allowed") && !hidden.contains("hidden"), "\(hidden)")
        }
    }

    @Test("the host refuses an address that is not allowed, names the field and what to add, and shows no password")
    func host() async throws {
        try await HostFixture.run(["guarded": Self.plugin(Self.marked)], manifest: Self.manifest) {
            fixture async throws in
            func verdict(_ config: PluginConfig) async -> ConfigVerdict {
                await fixture.host.validate(type: "guarded", config: config)
            }
            func problem(_ config: PluginConfig) async -> String {
                guard case .invalid(let problems) = await verdict(config) else { return "allowed" }
                return problems.map(\.description).joined()
            }
            let good = PluginConfig(["url": "http://good.example/", "more": ["own:1", "redis.shop:6379"], "value": 3])
            #expect(await verdict(good) == .valid(.value))
            let reading = try await fixture.host.read(
                type: "guarded", config: good, targetType: .value, timeout: .seconds(30))
            #expect(reading.value == 3)
            #expect(await verdict(PluginConfig(["value": 1])) == .valid(.value))

            let evil = await problem(PluginConfig(["url": "http://me:hunter22@evil.example:81/x", "value": 1]))
            #expect(
                evil == "url: \"http://evil.example:81\" is not allowed for plugin guarded: to allow it, ask the "
                    + "administrator to add \"http://evil.example:81\" to plugins.guarded.allowedAddresses in plugins.yaml"
            )
            let second = await problem(PluginConfig(["more": ["a.shop:6379", "evil:1"]]))
            #expect(second.hasPrefix("more[1]: \"evil:1\" is not allowed"))
            #expect(await problem(PluginConfig(["url": "http://a@b@c"])).contains("is not written as a plain"))
            #expect(await problem(PluginConfig(["url": 7])) == "url: must be an address, as text")

            let secret = PluginConfig(["url": "http://hidden.example"], secrets: ["http://hidden.example"])
            #expect(await problem(secret).contains("an address from a Secret is not allowed"))
            #expect(await problem(secret).contains("hidden") == false)
            let failure = await #expect(throws: PluginFailure.self) {
                try await fixture.host.read(type: "guarded", config: secret, targetType: .value, timeout: .seconds(30))
            }
            #expect(failure?.reason == "address_refused")
        }
    }

    @Test("a default that the operator fills in itself is refused, with the field of plugins.yaml to remove")
    func ineffectiveDefault() {
        let type = MetricTypeDescription(
            type: "pods", description: "",
            configSchema: [
                "type": "object",
                "properties": [
                    "namespace": ["type": "string", "x-from": "scaler.namespace"],
                    "token": ["type": "string", "x-secret": true, "x-from": "defaults"],
                ],
            ], defaultTargetType: .value)
        func messages(_ defaults: [String: JSON]) -> (log: [String], refusal: String?) {
            let filter = AddressFilter(plugin: "cluster", allowed: nil, defaults: defaults)
            let log = filter.handshakeCompleted([type])
            return (log, filter.examine(type: "pods", config: PluginConfig([:])).refusal?.message)
        }
        let (log, refusal) = messages(["namespace": "shop", "token": "t"])
        let message =
            "plugins.cluster.defaults.namespace in plugins.yaml would have no effect: the operator fills in this field of "
            + "metric type \"pods\" with scaler.namespace. Remove it from plugins.yaml"
        #expect(log == [message])
        #expect(refusal == message)
        #expect(messages(["token": "t"]).log.isEmpty && messages(["token": "t"]).refusal == nil)
    }

    @Test("a plugin with allowedAddresses that marks no address field is refused, and a log line at its start says so")
    func unmarked() async throws {
        try await HostFixture.run(["guarded": Self.plugin("{\"url\": {}}")], manifest: Self.manifest) {
            fixture async throws in
            let record = await fixture.log.wait(message: "metric type not used")
            #expect(record.metadata["problem"]?.contains("marks no field as an address (x-address)") == true)
            guard case .invalid(let problems) = await fixture.host.validate(type: "guarded", config: ["value": 1])
            else {
                Issue.record("it was not refused")
                return
            }
            #expect(problems.first?.message.contains("Update the plugin, or remove allowedAddresses") == true)
        }
    }
}
