import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Oneshot plugins", .timeLimit(.minutes(5)))
struct OneshotTests {
    private func run(
        onCall: String = ":", entry: String = "mode: oneshot", clock: ManualClock? = nil, waitsForStart: Bool = true,
        body: (HostFixture) async throws -> Void
    ) async throws {
        try await HostFixture.run(
            [:], files: ["generalscaler-plugin-shell": ShellScript.text(type: "shell", onCall: onCall)],
            manifest: "plugins: {shell: {\(entry)}}", clock: clock, waitsForStart: waitsForStart, body: body)
    }

    private func ask(_ fixture: HostFixture, timeout: Duration = .seconds(60)) async throws -> Double {
        try await fixture.host.read(type: "shell", config: [:], targetType: .value, timeout: timeout).value
    }

    @Test("a oneshot shell script answers calls and config checks, with one process for each")
    func answers() async throws {
        try await run { fixture async throws in
            #expect(fixture.host.metricType("shell")?.pluginName == "shell")
            #expect(await fixture.host.validate(type: "shell", config: [:]) == .valid(nil))
            for _ in 0..<5 { #expect(try await ask(fixture) == 5) }
            let health = try await fixture.health()
            #expect(health.state == .up)
            #expect(health.restarts == 0)
            #expect(health.processID == nil)
            #expect(health.latency != nil)
        }
    }

    @Test("oneshot calls beyond the limit of concurrent runs wait for their turn")
    func turns() async throws {
        try await run { fixture async throws in
            let sum = try await withThrowingTaskGroup(of: Double.self) { group in
                for _ in 0..<10 { group.addTask { try await ask(fixture) } }
                return try await group.reduce(0, +)
            }
            #expect(sum == 50)
        }
    }

    @Test("a call that arrives before the oneshot script has answered initialize waits for the answer")
    func early() async throws {
        try await run(waitsForStart: false) { fixture async throws in
            #expect(try await ask(fixture) == 5)
        }
    }

    @Test("a oneshot process that fails ends only its own call, with its last log lines")
    func failure() async throws {
        let once = #"[ -e "${0%/*}/failed" ] || { echo 'no database' >&2; exit 4; }"#
        try await run(onCall: once) { fixture async throws in
            let failure = await #expect(throws: PluginFailure.self) { try await ask(fixture) }
            #expect(failure?.kind == .crashed)
            #expect(failure?.message.contains("exited with code 4") == true)
            #expect(failure?.message.contains("no database") == true)
            try TemporaryDirectory(existing: fixture.directory).write("", to: "failed")
            #expect(try await ask(fixture) == 5)
            #expect(try await fixture.health().state == .up)
        }
    }

    @Test("a oneshot process that hangs is killed at its call's deadline, and the next queued call is run")
    func hangs() async throws {
        let hang = #"[ -e "${0%/*}/fixed" ] || { trap '' TERM; echo hanging >&2; sleep 1000; }"#
        let clock = ManualClock()
        try await run(onCall: hang, entry: "mode: oneshot, maxInFlight: 1", clock: clock) { fixture async throws in
            let call = Task { try await ask(fixture, timeout: .seconds(30)) }
            await fixture.log.wait { $0.metadata["line"] == "hanging" }
            // The sweep for orphans, the file check, and the deadline.
            try await clock.sleepers(atLeast: 3)
            clock.advance(by: .seconds(30))
            let failure = await #expect(throws: PluginFailure.self) { try await call.value }
            #expect(failure?.kind == .deadlineExceeded)
            try TemporaryDirectory(existing: fixture.directory).write("", to: "fixed")
            // The call gets its slot when the first process, which ignores SIGTERM, has ended.
            let next = Task { try await ask(fixture, timeout: .seconds(1_000_000)) }
            try await clock.sleepers(atLeast: 4)
            clock.advance(by: PluginHostLimits.terminateGrace)
            #expect(try await next.value == 5)
        }
    }

    @Test("an edited oneshot script is used from the next call on")
    func swapped() async throws {
        try await run(clock: ManualClock()) { fixture async throws in
            let directory = TemporaryDirectory(existing: fixture.directory)
            let text = ShellScript.text(type: "shell").replacing(#""value":5"#, with: #""value":6"#)
            try directory.write(text, to: "new", executable: true)
            try directory.rename("new", to: "generalscaler-plugin-shell")
            for _ in 0..<2 { await fixture.host.programs.check() }
            #expect(try await ask(fixture, timeout: .seconds(1_000_000)) == 6)
            let health = try await fixture.health()
            #expect(health.swaps == 1 && health.restarts == 0)
        }
    }

    @Test("a oneshot script that does not answer initialize is retried like any plugin")
    func noIntroduction() async throws {
        try await HostFixture.run(
            [:], files: ["generalscaler-plugin-shell": "#!/bin/sh\necho 'no such database' >&2\nexit 1\n"],
            manifest: "plugins: {shell: {mode: oneshot}}", clock: ManualClock()
        ) { fixture async throws in
            let health = try await fixture.health()
            #expect(health.state == .backingOff)
            #expect(health.lastFailure?.contains("no such database") == true)
        }
    }
}
