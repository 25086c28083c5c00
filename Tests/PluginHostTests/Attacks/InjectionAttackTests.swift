import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// A plugin whose texts all contain terminal controls, line breaks and bidirectional overrides.
@Suite("Injection attacks through plugins", .timeLimit(.minutes(5)))
struct InjectionAttackTests {
    private static let evil = PluginScript(
        types: ["evil"],
        setUp: """
            E = "a\\n2026-11-29T00:00:00+0000 critical generalscaler: forged\\r\\n\\x1b]0;t\\x07\\x1b[31mred\\u202eevil\\u2066\\u2028\\u2029\\x85\\x00\\ufeff"
            """,
        handshake: """
                    ok(m, {"protocolVersion": 1, "plugin": {"name": E, "version": E}, "capabilities": {},
                        "metricTypes": [{"type": "evil", "description": E, "configSchema": {},
                            "defaultTargetType": "Value"}]})
            """,
        body: """
                if m["method"] == "shutdown":
                    ok(m, {})
                    break
                send({"jsonrpc": "2.0", "method": "log", "params": {"level": E, "message": E}})
                sys.stderr.write(E.replace("\\n", " ") + "\\n")
                sys.stderr.flush()
                print("no JSON", E.replace("\\n", " "), flush=True)
                how = m["params"]["config"].get("how")
                if m["method"] == "validate_config":
                    ok(m, {"valid": False, "errors": [{"path": E, "message": E}]})
                elif how == "error": send({"jsonrpc": "2.0", "id": m["id"], "error": {"code": 1003, "message": E,
                    "data": {"path": E}}})
                elif how == "breach": ok(m, {"value": 1, "observedAt": E})
                else: ok(m, {"value": 1, "unit": E, "detail": E, "observedAt": "2026-01-01T00:00:00Z"})
            """)

    @Test("no control character, line break or bidirectional override of a plugin reaches a caller or the log")
    func plugin() async throws {
        try await HostFixture.run(["evil": Self.evil]) { fixture async throws in
            var texts: [String] = []
            for how in ["error", "breach", "reading"] {
                do throws(PluginFailure) {
                    let reading = try await fixture.host.read(
                        type: "evil", config: ["how": .string(how)], targetType: .value, timeout: .seconds(30))
                    texts += [reading.unit ?? "", reading.detail ?? ""]
                } catch {
                    texts.append(error.message)
                    if case .answered(let answer) = error.kind { texts += [answer.message, answer.path ?? ""] }
                }
            }
            guard case .invalid(let problems) = await fixture.host.validate(type: "evil", config: [:]) else { return }
            texts += problems.flatMap { [$0.path, $0.message] }
            let type = try #require(fixture.host.metricType("evil"))
            texts += [type.pluginName, type.pluginVersion, type.description.description]
            await fixture.log.wait { $0.message == "plugin logged" }
            await fixture.log.wait { $0.message == "plugin wrote to stderr" }
            await fixture.log.wait { $0.message == "plugin wrote a line to stdout that is not a protocol message" }
            texts += fixture.log.records.flatMap { [$0.message] + $0.metadata.values }
            #expect(texts.count { $0.contains("forged") } >= 8)
            for text in texts { #expect(text.isClean, "\(text.debugDescription)") }
        }
    }

    @Test("a metric type whose name holds a control character is refused")
    func type() async throws {
        let script = PluginScript(
            types: [],
            handshake: """
                        ok(m, {"protocolVersion": 1, "plugin": {"name": "evil", "version": "1"}, "capabilities": {},
                            "metricTypes": [{"type": "evil" + chr(27) + "[31m", "description": "",
                                "configSchema": {}, "defaultTargetType": "Value"}]})
                """)
        try await HostFixture.run(["evil": script]) { fixture async throws in
            let failure = try #require(try await fixture.health().lastFailure)
            #expect(failure.contains("without control characters"))
            #expect(failure.isClean)
        }
    }
}
