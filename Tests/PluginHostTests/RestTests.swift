import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("An unused plugin")
struct RestTests {
    private static let time: Duration = .seconds(60)
    private static let config = PluginConfig(["value": 3])

    private func run(_ body: (HostFixture, ManualClock) async throws -> Void) async throws {
        let clock = ManualClock()
        try await HostFixture.run(["depth": PluginScript(types: ["depth"])], clock: clock, restsAfter: Self.time) {
            try await body($0, clock)
        }
    }

    /// Lets the plugin become idle, and waits until it has been ended.
    private func letRest(_ fixture: HostFixture, _ clock: ManualClock) async throws {
        // The sweep for orphans, the file check, and the idle check.
        try await clock.sleepers(atLeast: 3)
        clock.advance(by: Self.time)
        await fixture.log.wait(message: "idle plugin stopped until it is used")
    }

    private func read(_ fixture: HostFixture) async throws -> Double {
        try await fixture.host.read(
            type: "depth", config: Self.config, targetType: .value, timeout: .seconds(100_000)
        ).value
    }

    @Test("an unused plugin's process ends; the plugin counts as healthy, and the next call starts it again")
    func restsAndWakes() async throws {
        try await run { fixture, clock async throws in
            let first = try await fixture.process()
            try await letRest(fixture, clock)
            let resting = try await fixture.health()
            #expect(resting.state == .resting)
            #expect(resting.processID == nil)
            #expect(await fixture.host.unhealthyPlugins(ofTypes: ["depth"]) == [])
            #expect(fixture.host.metricType("depth") != nil)

            #expect(try await read(fixture) == 3)
            let second = try await fixture.health()
            #expect(second.state == .up)
            #expect(second.processID != first)
            #expect(second.restarts == 0)
            #expect(second.counters.answers == 1)
            #expect(!fixture.log.records.contains { $0.metadata["restartIn"] != nil })
        }
    }

    @Test("a host can stop while a plugin rests")
    func stops() async throws {
        try await run { fixture, clock async throws in
            try await letRest(fixture, clock)
        }
    }

    @Test("a plugin stays up while a scaler uses it, however rarely, and for the idle time after that")
    func inUse() async throws {
        try await run { fixture, clock async throws in
            let process = try await fixture.process()
            let use = try #require(
                fixture.host.subscribe(type: "depth", config: Self.config, targetType: .value) { _ in })
            // Runs on the loop after the queued jobs.
            #expect(try await read(fixture) == 3)
            for _ in 0..<3 {
                try await clock.sleepers(atLeast: 3)
                clock.advance(by: Self.time)
            }
            try await clock.sleepers(atLeast: 3)
            #expect(try await fixture.process() == process)

            use.cancel()
            #expect(try await read(fixture) == 3)
            clock.advance(by: Self.time / 2)
            try await clock.sleepers(atLeast: 3)
            #expect(try await fixture.health().state == .up)
            try await letRest(fixture, clock)
        }
    }

    @Test("a resting plugin is started when a periodic reader registers, before the first call")
    func wokenByUse() async throws {
        try await run { fixture, clock async throws in
            try await letRest(fixture, clock)
            _ = fixture.host.subscribe(type: "depth", config: Self.config, targetType: .value) { _ in }
            await fixture.log.wait(2, message: "plugin is up")
            #expect(try await fixture.health().state == .up)
        }
    }

    @Test("a plugin that crashes when it is started from rest is restarted as usual")
    func crashesOnWaking() async throws {
        try await run { fixture, clock async throws in
            try await letRest(fixture, clock)
            let directory = TemporaryDirectory(existing: fixture.directory)
            try directory.write("#!/bin/sh\nexit 7\n", to: "new", executable: true)
            try directory.rename("new", to: "generalscaler-plugin-depth")
            await #expect(throws: PluginFailure.self) { try await read(fixture) }
            await fixture.log.wait { $0.metadata["restartIn"] != nil }
            let health = try await fixture.health()
            #expect(health.state == .backingOff)
            #expect(await fixture.host.unhealthyPlugins(ofTypes: ["depth"]).map(\.name) == ["depth"])
        }
    }
}
