import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("A plugin whose file changes", .timeLimit(.minutes(5)))
struct SwapTests {
    /// A plugin that answers that number for every config, and accepts configs with a `value`.
    private func script(_ answer: Int, handshake: String? = nil) -> PluginScript {
        PluginScript(
            types: ["depth"], capabilities: #"{"maxInFlight": 4}"#, handshake: handshake,
            body: PluginScript.wellBehaved.replacing(#"m["params"]["config"]["value"]))"#, with: "\(answer)))"))
    }

    private func run(body: (HostFixture) async throws -> Void) async throws {
        try await HostFixture.run(["depth": script(1)], clock: ManualClock(), body: body)
    }

    /// Replaces the plugin's file like an installation.
    private func install(_ script: PluginScript, _ fixture: HostFixture) throws {
        let directory = TemporaryDirectory(existing: fixture.directory)
        try directory.write(script.text, to: "new", executable: true)
        try directory.rename("new", to: "generalscaler-plugin-depth")
    }

    /// Lets the host check the file twice: at the second check it has stopped changing.
    private func look(_ fixture: HostFixture) async {
        for _ in 0..<2 { await fixture.host.programs.check() }
    }

    private func ask(_ fixture: HostFixture) async throws -> Double {
        try await fixture.host.read(
            type: "depth", config: ["value": 9], targetType: .value, timeout: .seconds(100_000)
        ).value
    }

    @Test("a new version of a plugin file takes over without a failed call, and the old process ends")
    func swap() async throws {
        try await run { fixture async throws in
            #expect(await fixture.host.validate(type: "depth", config: ["value": 9]) == .valid(.value))
            let old = try await fixture.process()
            let answers = try await withThrowingTaskGroup(of: Set<Double>.self) { load in
                for _ in 0..<4 {
                    load.addTask {
                        var answers: Set<Double> = []
                        while !answers.contains(2) { answers.insert(try await ask(fixture)) }
                        return answers
                    }
                }
                try install(script(2), fixture)
                await look(fixture)
                return try await load.reduce(into: Set<Double>()) { $0.formUnion($1) }
            }
            #expect(answers.isSubset(of: [1, 2]) && answers.contains(2))
            let health = try await fixture.health()
            #expect(health.swaps == 1)
            #expect(health.restarts == 0)
            #expect(health.processID != old)
            #expect(!fixture.log.records.contains { $0.metadata["restartIn"] != nil })
        }
    }

    @Test("the host checks plugin files periodically and starts a changed one")
    func byItself() async throws {
        try await run { fixture async throws in
            try install(script(2), fixture)
            _ = await fixture.whileTimeFlies {
                await fixture.log.wait(message: "plugin file changed; trying the new version")
            }
            await fixture.log.wait(2, message: "plugin is up")
            #expect(try await ask(fixture) == 2)
        }
    }

    @Test(
        "a new version that does not start, or refuses what the old one accepts, is not used",
        arguments: [
            ("        sys.exit('broken build')", "broken build"),
            ("        hello(m, version=7)", "protocol version 7"),
            (
                #"        m["id"] = 1; ok(m, {"protocolVersion": 1, "plugin": {"name": "n", "version": "2"}, "metricTypes": [{"type":"#
                    + #" "other", "description": "", "configSchema": {}, "defaultTargetType": "Value"}]})"#,
                "no longer offers metric type \"depth\""
            ),
        ])
    func refused(handshake: String, reason: String) async throws {
        try await run { fixture async throws in
            let old = try await fixture.process()
            try install(script(2, handshake: handshake), fixture)
            await look(fixture)
            let record = await fixture.log.wait(message: "new plugin version rejected; keeping the old one")
            #expect(record.metadata["problem"]?.contains(reason) == true, "\(record)")
            #expect(try await fixture.process() == old)
            #expect(try await ask(fixture) == 1)
            await look(fixture)
            #expect(
                fixture.log.records.count { $0.message == "plugin file changed; trying the new version" } == 1)
        }
    }

    @Test("a new version that no longer accepts a config in use is not used")
    func configRefused() async throws {
        try await run { fixture async throws in
            #expect(await fixture.host.validate(type: "depth", config: ["value": 9]) == .valid(.value))
            let picky = PluginScript(
                types: ["depth"],
                body: """
                        if m["method"] == "validate_config":
                            ok(m, {"valid": False, "errors": [{"path": "value", "message": "is gone"}]})
                        else: ok(m, {})
                    """)
            try install(picky, fixture)
            await look(fixture)
            let record = await fixture.log.wait(message: "new plugin version rejected; keeping the old one")
            #expect(record.metadata["problem"]?.contains("no longer accepts a config of type \"depth\"") == true)
            let detail = await fixture.log.wait(message: "new plugin version rejects a config")
            #expect(detail.metadata["problem"]?.contains("value: is gone") == true)
            #expect(try await ask(fixture) == 1)
        }
    }

    @Test("a plugin file that is still changing is not used")
    func changing() throws {
        var changes = ProgramChanges()
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let fingerprints = try (0..<3).map { size in
            try directory.write(String(repeating: "x", count: size), to: "f")
            return ProgramFile.Fingerprint("\(directory.path)/f")
        }
        func isNew(_ found: ProgramFile.Fingerprint?) -> Bool {
            changes.isNewVersion(found, running: fingerprints[0])
        }
        #expect([0, 1, 2, 2].map { isNew(fingerprints[$0]) } == [false, false, false, true])
        changes.refuse(fingerprints[2])
        #expect(!isNew(fingerprints[2]))
        #expect(!isNew(nil))
    }
}
