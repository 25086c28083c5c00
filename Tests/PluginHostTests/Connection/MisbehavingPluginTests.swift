import Logging
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// Each test ends with the fixture's check that no process and no pipe is left.
@Suite("Misbehaving plugins", .timeLimit(.minutes(5)))
struct MisbehavingPluginTests {
    /// Makes one call to the type `bad`, which fails.
    private func fail(
        _ fixture: HostFixture, config: JSON = ["value": 1], timeout: Duration = .seconds(20)
    ) async throws -> PluginFailure {
        try #require(
            await #expect(throws: PluginFailure.self) {
                try await fixture.host.read(type: "bad", config: config, targetType: .value, timeout: timeout)
            })
    }

    /// Checks that the plugin `good` still answers.
    private func expectGoodAnswers(_ fixture: HostFixture) async throws {
        let reading = try await fixture.host.read(
            type: "good", config: ["value": 3], targetType: .value, timeout: .seconds(20))
        #expect(reading.value == 3)
    }

    private let good = PluginScript(types: ["good"])

    @Test("a plugin that exits before the handshake is reported with its last output and restarted")
    func crashesInHandshake() async throws {
        let script = PluginScript(types: [], setUp: "sys.exit('no licence found')")
        try await HostFixture.run(["bad": script, "good": good]) { fixture in
            let failure = try await fail(fixture)
            #expect(failure.kind == .notRunning)
            #expect(failure.message.contains("exited with code 1 before it answered initialize"))
            #expect(failure.message.contains("no licence found"))
            #expect(failure.retryAfter ?? .zero <= .seconds(1))
            try await expectGoodAnswers(fixture)
            await fixture.log.wait(2, message: "plugin ended; restarting it")
        }
    }

    @Test("a missing or non-executable plugin is reported as such")
    func missing() async throws {
        let manifest = """
            plugins:
              gone: {argv: [/nonexistent/plugin]}
              text: {argv: [/etc/passwd]}
            """
        try await HostFixture.run(["good": good], manifest: manifest, clock: ManualClock()) { fixture in
            let health = await fixture.host.health()
            #expect(health.map(\.name) == ["gone", "good", "text"])
            #expect(health[0].state == .backingOff)
            #expect(
                health[0].lastFailure?.contains("/nonexistent/plugin) cannot be started: the file is missing") == true)
            #expect(health[2].lastFailure?.contains("it is not an executable file") == true)
            try await expectGoodAnswers(fixture)
        }
    }

    @Test("a plugin with an unsupported protocol version is reported with the version to install")
    func wrongVersion() async throws {
        let script = PluginScript(types: ["bad"], handshake: "        hello(m, version=9)")
        try await HostFixture.run(["bad": script]) { fixture in
            let failure = try await fail(fixture)
            #expect(failure.message.contains("protocol version 9, and the host offered 1"))
        }
    }

    @Test("a plugin that never answers fails calls at their deadline and is restarted after three")
    func silent() async throws {
        let script = PluginScript(types: ["bad"], body: "    pass")
        try await HostFixture.run(["bad": script, "good": good]) { fixture in
            let failure = try await fail(fixture, timeout: .milliseconds(100))
            #expect(failure.kind == .deadlineExceeded)
            try await expectGoodAnswers(fixture)
            let ended = await fixture.log.wait(message: "plugin ended; restarting it")
            #expect(ended.metadata["reason"]?.contains("3 deadlines in a row") == true)
            await fixture.log.wait(2) { $0.message == "plugin is up" && $0.metadata["plugin"] == "bad" }
        }
    }

    @Test("a plugin that ignores the end of its stdin and SIGTERM is killed")
    func ignoresEverything() async throws {
        let script = PluginScript(
            types: ["bad"], setUp: "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
            body: """
                    while True: time.sleep(1000)
                """)
        var process: Int32 = 0
        try await HostFixture.run(["bad": script], clock: ManualClock()) { fixture in
            process = try await fixture.process()
        }
        #expect(process > 0)
        #expect(!HostFixture.exists(process))
    }

    @Test("a plugin that floods stderr still answers, and its log is limited")
    func floodsStderr() async throws {
        let script = PluginScript(
            types: ["bad"],
            setUp: """
                import threading
                def flood():
                    while True: os.write(2, b"noise noise noise\\n" * 1000)
                threading.Thread(target=flood, daemon=True).start()
                """)
        try await HostFixture.run(["bad": script, "good": good]) { fixture in
            for value in 0..<20 {
                let reading = try await fixture.host.read(
                    type: "bad", config: ["value": .integer(Int64(value))], targetType: .value, timeout: .seconds(20))
                #expect(reading.value == Double(value))
            }
            try await expectGoodAnswers(fixture)
            await fixture.log.wait(message: "plugin logs too fast; lines were dropped")
            #expect(try await fixture.health().counters.rejectedLines == 0)
        }
    }

    @Test("a plugin that closes its stdout but keeps running is replaced")
    func closesStdout() async throws {
        let script = PluginScript(
            types: ["bad"], body: "    os.close(1)\n    print('closed', file=sys.stderr, flush=True)")
        try await HostFixture.run(["bad": script], clock: ManualClock()) { fixture in
            let call = Task { try await fail(fixture, timeout: .seconds(1_000_000_000)) }
            // Before that, the unread request might be the reason.
            await fixture.log.wait { $0.metadata["line"] == "closed" }
            let failure = try await fixture.whileTimeFlies { try await call.value }
            #expect(failure.kind == .protocolViolation)
            #expect(failure.message.contains("closed its stdout"))
        }
    }

    @Test("lines other than protocol messages are counted and skipped")
    func noise() async throws {
        let script = PluginScript(
            types: ["bad"], setUp: "print('starting up...', flush=True)",
            body: "    print('debug', flush=True)\n" + PluginScript.wellBehaved)
        try await HostFixture.run(["bad": script]) { fixture in
            _ = try await fixture.host.read(
                type: "bad", config: ["value": 1], targetType: .value, timeout: .seconds(20))
            #expect(try await fixture.health().counters.rejectedLines == 2)
            let record = await fixture.log.wait { $0.metadata["line"] == "starting up..." }
            #expect(record.level == .warning)
        }
    }

    @Test("a value of 1e400 fails its call immediately")
    func outOfRange() async throws {
        let script = PluginScript(
            types: ["bad"],
            body: #"    raw(b'{"jsonrpc":"2.0","id":%d,"result":{"value":1e400}}\n' % m["id"])"#)
        try await HostFixture.run(["bad": script]) { fixture in
            let failure = try await fail(fixture, timeout: .seconds(3_600))
            #expect(failure.kind == .protocolViolation)
            #expect(failure.message.contains("number out of range"))
        }
    }

    @Test("a line of 5 MiB ends the plugin process, and the next process works")
    func longLine() async throws {
        let script = PluginScript(
            types: ["bad"],
            body: """
                    if m["params"]["config"]["value"] == 1: raw(b'x' * (5 << 20))
                    else: ok(m, reading(2))
                """)
        try await HostFixture.run(["bad": script]) { fixture in
            let failure = try await fail(fixture)
            #expect(failure.message.contains("a line longer than 1048576 bytes"))
            await fixture.log.wait(2, message: "plugin is up")
            let reading = try await fixture.host.read(
                type: "bad", config: ["value": 2], targetType: .value, timeout: .seconds(20))
            #expect(reading.value == 2)
            #expect(try await fixture.health().restarts == 1)
        }
    }

    @Test("a plugin that stops reading its stdin does not stall other plugins")
    func neverReads() async throws {
        let script = PluginScript(
            types: ["bad"], capabilities: #"{"maxInFlight": 1000}"#, handshake: "        hello(m); time.sleep(1000)")
        try await HostFixture.run(["bad": script, "good": good]) { fixture in
            let config: JSON = ["value": 1, "padding": .string(String(repeating: "x", count: 50_000))]
            try await withThrowingTaskGroup(of: PluginFailure.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await fail(fixture, config: config, timeout: .milliseconds(200)) }
                }
                try await expectGoodAnswers(fixture)
                for try await failure in group {
                    #expect([.deadlineExceeded, .protocolViolation, .notRunning].contains(failure.kind), "\(failure)")
                }
            }
            await fixture.log.wait(message: "plugin ended; restarting it")
        }
    }

    @Test("the operator's secrets are not in a plugin's environment")
    func environment() async throws {
        let script = PluginScript(types: ["bad"], body: "    ok(m, reading(1 if 'SECRET' in os.environ else 0))")
        try await HostFixture.run(["bad": script]) { fixture in
            let reading = try await fixture.host.read(
                type: "bad", config: ["value": 1], targetType: .value, timeout: .seconds(20))
            #expect(reading.value == 0)
        }
    }
}
