import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("A program added to a plugin directory", .timeLimit(.minutes(5)))
struct NewProgramTests {
    private func script(_ type: String) -> PluginScript { PluginScript(types: [type]) }

    private func install(_ script: PluginScript, as name: String, _ fixture: HostFixture) throws {
        let directory = TemporaryDirectory(existing: fixture.directory)
        try directory.write(script.text, to: "new", executable: true)
        try directory.rename("new", to: "generalscaler-plugin-\(name)")
    }

    private func ask(_ type: String, _ fixture: HostFixture) async throws -> Double {
        try await fixture.host.read(
            type: type, config: ["value": 7.25], targetType: .value, timeout: .seconds(100_000)
        ).value
    }

    @Test("a program added to a plugin directory starts without a restart of the host, beside running plugins")
    func added() async throws {
        try await HostFixture.run(["depth": script("depth")], clock: ManualClock()) { fixture async throws in
            let before = try await fixture.process()
            await #expect(throws: PluginFailure.self) { try await ask("length", fixture) }
            try install(script("length"), as: "length", fixture)
            await fixture.host.programs.check()
            #expect(await fixture.host.health().map(\.name) == ["depth"])
            await fixture.host.programs.check()
            await fixture.host.untilStarted()
            #expect(try await ask("length", fixture) == 7.25)
            #expect(await fixture.host.health().map(\.name) == ["depth", "length"])
            #expect(await fixture.host.health().first?.processID == before)
            let record = await fixture.log.wait { $0.message == "found new plugin" }
            #expect(record.metadata["plugin"] == "length")
        }
    }

    @Test("a program added to a plugin directory starts in a host without plugins")
    func first() async throws {
        try await HostFixture.run([:], clock: ManualClock()) { fixture async throws in
            try install(script("depth"), as: "depth", fixture)
            for _ in 0..<2 { await fixture.host.programs.check() }
            await fixture.host.untilStarted()
            #expect(try await ask("depth", fixture) == 7.25)
        }
    }

    @Test("a program added to a plugin directory does not take over a metric type from the plugin that has it")
    func conflict() async throws {
        try await HostFixture.run(["depth": script("depth")], clock: ManualClock()) { fixture async throws in
            try install(script("depth"), as: "other", fixture)
            for _ in 0..<2 { await fixture.host.programs.check() }
            await fixture.host.untilStarted()
            #expect(fixture.host.metricType("depth")?.plugin == "depth")
            let record = await fixture.log.wait { $0.message == "metric type not used" }
            #expect(record.metadata["problem"]?.contains("depth keeps it") == true)
        }
    }
}
