import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// One test for each violation of the misbehaving plugin: its calls fail as expected, and the other plugin's do not.
/// Each ends with the fixture's check that no process, no pipe and no temporary directory is left over.
@Suite("Every protocol violation of the misbehaving plugin", .timeLimit(.minutes(5)))
struct ViolationTests {
    /// Enough time on a busy machine.
    private static let patient: Duration = .seconds(60)

    private func run(
        _ violation: String, clock: ManualClock? = nil, waitsForStart: Bool = true,
        body: (HostFixture) async throws -> Void
    ) async throws {
        try await HostFixture.run(
            [:], manifest: MisbehavingPlugin.manifest(violation: violation), clock: clock, waitsForStart: waitsForStart
        ) { fixture async throws in
            if waitsForStart { try await expectGoodAnswers(fixture) }
            try await body(fixture)
            try await expectGoodAnswers(fixture)
        }
    }

    private func expectGoodAnswers(_ fixture: HostFixture) async throws {
        let reading = try await fixture.host.read(
            type: "good", config: ["value": 3], targetType: .value, timeout: Self.patient)
        #expect(reading.value == 3)
    }

    private func ask(_ fixture: HostFixture, timeout: Duration = patient) async throws -> MetricReading {
        try await fixture.host.read(type: "bad", config: ["value": 7], targetType: .value, timeout: timeout)
    }

    private func fail(_ fixture: HostFixture, timeout: Duration = patient) async throws -> PluginFailure {
        try #require(await #expect(throws: PluginFailure.self) { try await ask(fixture, timeout: timeout) })
    }

    private func badHealth(_ fixture: HostFixture) async throws -> PluginHealth {
        try #require(await fixture.host.health().first { $0.name == "bad" })
    }

    @Test("no-handshake: the plugin is ended at the handshake timeout, and the reason says what a plugin has to do")
    func noHandshake() async throws {
        let clock = ManualClock()
        try await run("no-handshake", clock: clock, waitsForStart: false) { fixture async throws in
            await fixture.log.wait { $0.message == "plugin is up" && $0.metadata["plugin"] == "good" }
            // The sweep for orphans, the file check, and one wake-up for each handshake.
            try await clock.sleepers(atLeast: 4)
            clock.advance(by: PluginHostLimits.handshakeTimeout)
            let ended = await fixture.whileTimeFlies {
                await fixture.log.wait { $0.metadata["restartIn"] != nil && $0.metadata["plugin"] == "bad" }
            }
            let reason = try #require(ended.metadata["reason"])
            #expect(reason.contains("did not answer initialize within 30"))
        }
    }

    @Test("wrong-version: the failure of a call names the plugin's and the host's protocol version")
    func wrongVersion() async throws {
        try await run("wrong-version") { fixture async throws in
            #expect(try await fail(fixture).message.contains("protocol version 9, and the host offered 1"))
        }
    }

    @Test(
        "half-frame, never-answers, foreign-id, never-reads: the call ends at its deadline",
        arguments: [
            "half-frame", "never-answers", "foreign-id", "never-reads",
        ])
    func noAnswer(violation: String) async throws {
        try await run(violation) { fixture async throws in
            let failure = try await fail(fixture, timeout: .milliseconds(300))
            #expect(failure.kind == .deadlineExceeded)
            let health = try await badHealth(fixture)
            #expect(health.counters.missedDeadlines == 1)
            if violation == "foreign-id" { #expect(health.counters.unknownAnswers == 1) }
        }
    }

    @Test(
        "long-line, noise-flood, nan, huge-value, invalid-utf8: the call fails immediately as a protocol violation",
        arguments: [
            ("long-line", "a line longer than 1048576 bytes"), ("noise-flood", "101 lines in a row"),
            ("nan", "cannot be read"), ("huge-value", "number out of range"), ("invalid-utf8", "cannot be read"),
        ])
    func breach(violation: String, message: String) async throws {
        try await run(violation) { fixture async throws in
            let failure = try await fail(fixture)
            #expect(failure.kind == .protocolViolation)
            #expect(failure.message.contains(message), "\(failure)")
        }
    }

    @Test("noise: lines that are not messages are counted, and calls are answered")
    func noise() async throws {
        try await run("noise") { fixture async throws in
            #expect(try await ask(fixture).value == 7)
            #expect(try await badHealth(fixture).counters.rejectedLines == 2)
        }
    }

    @Test("stderr-flood: calls are answered, and log lines are dropped")
    func stderrFlood() async throws {
        try await run("stderr-flood") { fixture async throws in
            for _ in 0..<20 { #expect(try await ask(fixture).value == 7) }
            await fixture.log.wait(message: "plugin logs too fast; lines were dropped")
        }
    }

    @Test("answers-late: the call fails at its deadline, and the late answer is dropped")
    func answersLate() async throws {
        try await run("answers-late") { fixture async throws in
            #expect(try await fail(fixture, timeout: .seconds(1)).kind == .deadlineExceeded)
            // Answered after the late answer, because the plugin processes calls in order.
            #expect(await fixture.host.validate(type: "bad", config: [:]) == .valid(nil))
            #expect(try await badHealth(fixture).counters.lateAnswers == 1)
        }
    }

    @Test("answers-twice: the second answer is dropped")
    func answersTwice() async throws {
        try await run("answers-twice") { fixture async throws in
            #expect(try await ask(fixture).value == 7)
            #expect(await fixture.host.validate(type: "bad", config: [:]) == .valid(nil))
            #expect(try await badHealth(fixture).counters.duplicateAnswers == 1)
            let record = await fixture.log.wait { $0.message == "dropped a second answer to the same request" }
            #expect(record.metadata["rule"] == "P-16")
            #expect(record.metadata["plugin"] == "bad")
        }
    }

    @Test(
        "exits-in-call, allocates, opens-files: the call fails immediately with the plugin's last log lines",
        arguments: [
            ("exits-in-call", "exited with code 3", "the queue has gone away"),
            ("allocates", "exited with code 1", "out of memory"),
            ("opens-files", "exited with code 1", "Too many open files"),
        ])
    func death(violation: String, how: String, lastWords: String) async throws {
        try await run(violation) { fixture async throws in
            let failure = try await fail(fixture)
            #expect(failure.kind == .crashed)
            #expect(failure.message.contains(how), "\(failure)")
            #expect(failure.logText.contains(lastWords), "\(failure)")
            await fixture.log.wait(3, message: "plugin is up")
        }
    }

    @Test(
        "ignores-sigterm, ignores-eof, grandchild: calls are answered, and all processes end with the host",
        arguments: [
            "ignores-sigterm", "ignores-eof", "grandchild", "grandchild-session",
        ])
    func clinging(violation: String) async throws {
        // The clock advances whenever a task sleeps once the host stops.
        try await run(violation, clock: ManualClock()) { fixture async throws in
            #expect(try await ask(fixture).value == 7)
        }
    }

    /// Subscribes to the bad plugin, and waits for that many readings.
    private func pushes(_ count: Int, _ fixture: HostFixture) async throws -> (ReadingSubscription, [Double]) {
        let (readings, continuation) = AsyncStream.makeStream(of: Double.self)
        let subscription = try #require(
            fixture.host.subscribe(type: "bad", config: PluginConfig(["value": 7]), targetType: .value) {
                continuation.yield($0.value)
            })
        var values: [Double] = []
        for await value in readings.prefix(count) { values.append(value) }
        return (subscription, values)
    }

    @Test("push-flood: of a thousand readings a few are passed on, the others are counted, and calls are answered")
    func pushFlood() async throws {
        try await run("push-flood") { fixture async throws in
            _ = try await pushes(1, fixture)
            #expect(try await ask(fixture).value == 7)
            let counters = try await badHealth(fixture).counters.pushes
            #expect(counters.passedOn < 100)
            #expect(counters.passedOn + counters.coalesced + counters.excess >= 999)
        }
    }

    @Test("push-unknown: readings without a subscription are dropped and counted")
    func pushUnknown() async throws {
        try await run("push-unknown") { fixture async throws in
            #expect(try await pushes(1, fixture).1 == [7])
            #expect(try await badHealth(fixture).counters.pushes.unknown == 1)
        }
    }

    @Test("push-after-end: a reading after the end of its subscription is dropped and counted")
    func pushAfterEnd() async throws {
        try await run("push-after-end") { fixture async throws in
            let (subscription, values) = try await pushes(1, fixture)
            #expect(values == [7])
            subscription.cancel()
            // Answered after that reading, because the plugin processes calls in order.
            #expect(try await ask(fixture).value == 7)
            let health = try await badHealth(fixture)
            #expect(health.counters.pushes.unknown == 1)
            #expect(health.subscriptions == 0)
        }
    }

    @Test("pushes-nothing: the plugin is still polled")
    func pushesNothing() async throws {
        try await run("pushes-nothing") { fixture async throws in
            let subscription = fixture.host.subscribe(
                type: "bad", config: PluginConfig(["value": 7]), targetType: .value
            ) { _ in Issue.record("nothing is pushed") }
            #expect(subscription != nil)
            #expect(try await ask(fixture).value == 7)
        }
    }

    @Test("line-separator: U+2028 in a string does not end a line")
    func lineSeparator() async throws {
        try await run("line-separator") { fixture async throws in
            #expect(try await ask(fixture).detail == "one line")
            #expect(try await badHealth(fixture).counters.rejectedLines == 0)
        }
    }
}
