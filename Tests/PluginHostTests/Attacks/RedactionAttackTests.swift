import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// A tenant whose server answers with guesses of others' secrets.
@Suite("Redaction attacks", .timeLimit(.minutes(5)))
struct RedactionAttackTests {
    private static let victim = PluginConfig(["say": "hello"], secrets: ["t0ps3cret-of-another-tenant"])

    /// A plugin that repeats its config's texts in every part of an answer.
    private static let parrot = PluginScript(
        types: ["parrot"],
        handshake: """
                    ok(m, {"protocolVersion": 1, "plugin": {"name": "parrot", "version": "1"},
                        "capabilities": {"range": True}, "metricTypes": [{"type": "parrot", "description": "",
                        "defaultTargetType": "Value", "configSchema": {"type": "object", "properties": {
                            "address": {"type": "string", "x-address": True},
                            "password": {"type": "string", "x-secret": True}, "say": {}, "how": {}}}}]})
            """,
        body: """
                if m["method"] == "shutdown":
                    ok(m, {})
                    break
                config = m["params"]["config"]
                say = config["say"]
                how = config.get("how", "reading")
                send({"jsonrpc": "2.0", "method": "log", "params": {"level": "info", "message": say}})
                if m["method"] == "validate_config":
                    if how == "invalid": ok(m, {"valid": False, "errors": [{"path": say, "message": say}]})
                    else: ok(m, {"valid": True})
                elif how == "reading":
                    ok(m, {"value": 1, "unit": say, "detail": say, "observedAt": "2026-01-01T00:00:00Z"})
                elif how == "breach": ok(m, {"value": 1, "observedAt": say})
                elif how == "end":
                    print(say, file=sys.stderr, flush=True)
                    sys.exit(9)
                else:
                    print("told", say, file=sys.stderr, flush=True)
                    fail(m, int(how), say)
            """)

    private func text(_ fixture: HostFixture, _ config: PluginConfig) async -> String {
        do throws(PluginFailure) {
            let reading = try await fixture.host.read(
                type: "parrot", config: config, targetType: .value, timeout: .seconds(30))
            return "\(reading.unit ?? "none") \(reading.detail ?? "none")"
        } catch {
            guard case .answered(let answer) = error.kind else { return error.message }
            return "\(error.message) \(answer.message) \(answer.path ?? "")"
        }
    }

    @Test(
        "the text that a tenant sees of its source does not depend on another tenant's secret",
        arguments: ["reading", "1002", "1003", "-32603", "breach"])
    func guesses(how: String) async throws {
        try await HostFixture.run(["parrot": Self.parrot]) { fixture async throws in
            let secret = try #require(Self.victim.secrets.first)
            _ = await text(fixture, Self.victim)
            // Correct and wrong guesses of the same form: the beginning, the whole, its encodings, and truncated ones.
            let pairs = [
                ("t0ps", "t0pz"), (secret, "t0ps3cret-of-nobody-at-all!"), ("x t0ps3c…", "x t0ps3d…"),
                ("dDBwczNjcmV0LW9m", "dDBwczNjcmV0LW9n"), ("%740ps3cret-of-another-tenant", "%740ps3cret-of-nobody"),
            ]
            for (right, wrong) in pairs {
                var seen: Set<String> = []
                for guess in [right, wrong] {
                    let text = await text(fixture, PluginConfig(["say": .string(guess), "how": .string(how)]))
                    seen.insert(text.replacing(guess, with: "the guess"))
                }
                #expect(seen.count == 1 && seen.first?.contains("***") == false, "\(right): \(seen)")
            }
            await fixture.log.wait { $0.message == "plugin logged" && $0.metadata["line"] == "***" }
            for record in fixture.log.records {
                #expect(!record.metadata.values.contains { $0.contains(secret) }, "\(record)")
            }
        }
    }

    @Test("the problems of a config do not depend on another tenant's secret")
    func problems() async throws {
        try await HostFixture.run(["parrot": Self.parrot]) { fixture async throws in
            let secret = try #require(Self.victim.secrets.first)
            _ = await text(fixture, Self.victim)
            let config = PluginConfig(["say": .string(secret), "how": "invalid"])
            let verdict = await fixture.host.validate(type: "parrot", config: config)
            #expect(verdict == .invalid([ConfigProblem(path: secret, message: secret)]))
        }
    }

    @Test("a call's own secrets are redacted completely before the text is truncated")
    func own() async throws {
        try await HostFixture.run(["parrot": Self.parrot]) { fixture async throws in
            let filler = String(repeating: "x", count: PluginHostLimits.maxMessageCharacters - 4)
            let say = "\(filler)hunter22\u{1B}[31m"
            let config = PluginConfig(["say": .string(say), "how": "1002"], secrets: ["hunter22"])
            let seen = await text(fixture, config)
            #expect(!seen.contains("hunt"))
            #expect(seen.isClean)
        }
    }

    @Test("the last output of a plugin that ended is not shown to its callers")
    func lastWords() async throws {
        // Time stands still, so that the host waits for the exit after the end of stdout, however late that comes.
        try await HostFixture.run(["parrot": Self.parrot], clock: ManualClock()) { fixture async throws in
            _ = await text(fixture, Self.victim)
            let seen = await text(fixture, PluginConfig(["say": "t0ps3cret-of-another-tenant", "how": "end"]))
            #expect(seen.contains("exited with code 9"))
            #expect(!seen.contains("t0ps") && !seen.contains("***"))
            let ended = await fixture.log.wait(message: "plugin ended; restarting it")
            #expect(ended.metadata["reason"]?.hasSuffix("the last line of its log: ***") == true)
            #expect(try await fixture.health().lastFailure?.contains("***") == false)
        }
    }

    // MARK: The administrator's secret

    private static let manifest = """
        plugins:
          parrot: {defaults: {address: "redis.shop:6379", password: "adm1n-passw0rd"}}
        """

    private func inheriting(_ fixture: HostFixture, _ own: JSON) -> PluginConfig {
        let defaulted = fixture.host.defaulted(type: "parrot", own: own)
        return PluginConfig(defaulted.json, inherited: defaulted.inherited)
    }

    @Test(
        "a call with an administrator's secret shows the same fixed sentence per error class for every guess",
        arguments: [
            ("1001", "refuses the config"), ("1002", "does not accept the credentials"), ("1003", "cannot be reached"),
            ("1004", "does not have the object"), ("1005", "is busy"), ("1006", "has no value"),
            ("1007", "did not answer in time"), ("1008", "is busy"), ("-32603", "is malformed"),
            ("breach", "is malformed"), ("end", "ended before it answered"),
        ])
    func administrators(how: String, sentence: String) async throws {
        // Time stands still, so that the host waits for the exit after the end of stdout, however late that comes.
        try await HostFixture.run(["parrot": Self.parrot], manifest: Self.manifest, clock: ManualClock()) {
            fixture async throws in
            var seen: Set<String> = []
            for guess in ["adm1n-passw0rd", "adm1n", "nothing like it"] {
                let config = inheriting(fixture, ["say": .string(guess), "how": .string(how)])
                seen.insert(await text(fixture, config))
                if how == "end" { break }
            }
            #expect(seen.count == 1)
            #expect(seen.first?.contains(sentence) == true, "\(seen)")
            #expect(seen.first?.contains("adm1n") == false && seen.first?.contains("***") == false)
            let record = await fixture.log.wait { $0.metadata["answer"] != nil }
            #expect(record.metadata["answer"]?.contains("adm1n-passw0rd") == false, "\(record)")
            if how != "breach" { #expect(record.metadata["answer"]?.contains("***") == true, "\(record)") }
        }
    }

    @Test("a call with an administrator's secret shows no text of a reading or of a config's problems")
    func administratorsReading() async throws {
        try await HostFixture.run(["parrot": Self.parrot], manifest: Self.manifest) { fixture async throws in
            #expect(await text(fixture, inheriting(fixture, ["say": "adm1n-passw0rd"])) == "none none")
            let config = inheriting(fixture, ["say": "adm1n-passw0rd", "how": "invalid"])
            guard case .invalid(let problems) = await fixture.host.validate(type: "parrot", config: config) else {
                Issue.record("the config was not refused")
                return
            }
            #expect(problems.count == 1 && problems[0].path.isEmpty)
            #expect(problems[0].message.contains("refuses the config"))
        }
    }

    @Test("a tenant cannot see whether the tenant's password equals the administrator's")
    func sameValue() async throws {
        try await HostFixture.run(["parrot": Self.parrot], manifest: Self.manifest) { fixture async throws in
            _ = await text(fixture, inheriting(fixture, ["say": "hello"]))
            for guess in ["adm1n-passw0rd", "nothing-like-it"] {
                let own = inheriting(
                    fixture, ["say": .string("I know \(guess)!"), "password": .string(guess), "how": "1002"])
                #expect(await text(fixture, own) == "plugin parrot answered auth_failed: I know ***! I know ***! ")
            }
        }
    }
}
