import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Crashes of plugins", .timeLimit(.minutes(5)))
struct PluginDeathTests {
    @Test("a plugin that is killed repeatedly under load mixes up no answers and leaves no processes or pipes behind")
    func killedUnderLoad() async throws {
        let kills = environment("GENERALSCALER_TEST_KILLS").flatMap(Int.init) ?? 100
        let manifest = "plugins: {depth: {argv: [\(MisbehavingPlugin.path), --type, depth]}}"
        try await HostFixture.run([:], manifest: manifest, clock: ManualClock()) { fixture in
            var pipes: Set<String> = []
            let answered = try await withThrowingTaskGroup(of: Int.self) { load in
                load.addTask { try await answeredUntilCancelled(fixture) }
                for kill in 1...kills {
                    await fixture.log.wait(kill, message: "plugin is up")
                    let process = try await fixture.process()
                    pipes.formUnion(HostFixture.pipes(of: process))
                    Glibc.kill(process, SIGKILL)
                    await fixture.log.wait(kill) { $0.metadata["restartIn"] != nil }
                    #expect(!HostFixture.exists(process))
                    try await fixture.clock?.sleepers(atLeast: 3)
                    fixture.clock?.advance(by: PluginHostLimits.maxRestartDelay)
                }
                await fixture.log.wait(kills + 1, message: "plugin is up")
                load.cancelAll()
                return try await load.next() ?? 0
            }
            #expect(answered > 0)
            let health = try await fixture.health()
            #expect(health.restarts == kills)
            // Three for each killed process, and none of them is still open.
            #expect(pipes.count >= 3 * kills)
            #expect(HostFixture.pipes(of: getpid()).isDisjoint(with: pipes))
            #expect(health.counters.unknownAnswers == 0)
            #expect(health.counters.duplicateAnswers == 0)
        }
    }

    /// Runs eight callers that each read one value after another and fail on a wrong one.
    private func answeredUntilCancelled(_ fixture: HostFixture) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for caller in 0..<8 {
                group.addTask {
                    var answered = 0
                    var value = caller
                    while !Task.isCancelled {
                        value += 8
                        do throws(PluginFailure) {
                            let reading = try await fixture.host.read(
                                type: "depth", config: ["value": .integer(Int64(value))], targetType: .value,
                                timeout: .seconds(100_000))
                            #expect(reading.value == Double(value))
                            answered += 1
                        } catch {
                            #expect([.crashed, .notRunning, .cancelled].contains(error.kind), "\(error)")
                            let starts = fixture.log.records.count { $0.message == "plugin is up" }
                            await fixture.log.wait(starts + 1, message: "plugin is up")
                        }
                    }
                    return answered
                }
            }
            return try await group.reduce(0, +)
        }
    }

    @Test(
        "a grandchild that holds the plugin's pipes is killed with the plugin",
        arguments: [
            ("os.setpgid(0, 0)", "confined: true"),
            ("os.setsid()", "confined: false"),
            ("os.setsid()\n            if os.fork() > 0: os._exit(0)", "confined: false"),
        ])
    func grandchild(escape: String, entry: String) async throws {
        let script = PluginScript(
            types: ["depth"],
            body: """
                    if os.fork() == 0:
                        signal.signal(signal.SIGTERM, signal.SIG_IGN)
                        \(escape.replacing("            ", with: "        "))
                        os.write(2, b"grandchild is up: %d\\n" % os.getpid())
                        time.sleep(1000)
                    else:
                        time.sleep(1000)
                """)
        try await HostFixture.run(["depth": script], manifest: "plugins: {depth: {\(entry)}}", clock: ManualClock()) {
            fixture in
            let process = try await fixture.process()
            let reading = Task {
                try await fixture.host.read(
                    type: "depth", config: [:], targetType: .value, timeout: .seconds(100_000))
            }
            let record = await fixture.log.wait { $0.metadata["line"]?.hasPrefix("grandchild is up: ") == true }
            let grandchild = try #require(record.metadata["line"]?.split(separator: " ").last.flatMap { Int32($0) })
            #expect(HostFixture.exists(grandchild))
            kill(process, SIGKILL)
            let failure = await #expect(throws: PluginFailure.self) { try await reading.value }
            #expect(failure?.kind == .crashed)
            #expect(failure?.message.contains("was killed by signal 9") == true)
            #expect(!HostFixture.exists(grandchild))
        }
    }

    @Test("five crashes open the circuit breaker, and a call then fails with the last failure and the time to wait")
    func breaker() async throws {
        let script = PluginScript(types: ["depth"], body: "    sys.exit(7)")
        try await HostFixture.run(["depth": script], clock: ManualClock()) { fixture in
            for crash in 1...5 {
                await fixture.log.wait(crash, message: "plugin is up")
                let failure = await #expect(throws: PluginFailure.self) {
                    // Another config each time, because a single one would be quarantined.
                    try await fixture.host.read(
                        type: "depth", config: ["n": .integer(Int64(crash))], targetType: .value, timeout: .seconds(10))
                }
                #expect(failure?.message.contains("exited with code 7") == true)
                await fixture.log.wait(crash) { $0.metadata["restartIn"] != nil }
                try await fixture.clock?.sleepers(atLeast: 3)
                if crash < 5 { fixture.clock?.advance(by: .seconds(1 << (crash - 1))) }
            }
            #expect(try await fixture.health().state == .broken)
            #expect(await fixture.host.unhealthyPlugins(ofTypes: ["depth", "other"]).map(\.name) == ["depth"])
            let failure = await #expect(throws: PluginFailure.self) {
                try await fixture.host.read(type: "depth", config: [:], targetType: .value, timeout: .seconds(10))
            }
            #expect(failure?.kind == .notRunning)
            #expect(failure?.retryAfter == .seconds(300))
            #expect(failure?.message.contains("Last failure: plugin depth") == true)
        }
    }

    @Test("a call that its caller cancels fails immediately")
    func callerCancelled() async throws {
        let script = PluginScript(
            types: ["depth"], capabilities: #"{"cancel": True}"#,
            body: """
                    if m["method"] == "cancel": sys.stderr.write("cancel %d\\n" % m["params"]["id"]); sys.stderr.flush()
                    elif m["method"] == "get_metric_value": sys.stderr.write("asked\\n"); sys.stderr.flush()
                """)
        try await HostFixture.run(["depth": script], clock: ManualClock()) { fixture in
            let call = Task {
                try await fixture.host.read(type: "depth", config: [:], targetType: .value, timeout: .seconds(100))
            }
            await fixture.log.wait { $0.metadata["line"] == "asked" }
            call.cancel()
            let failure = await #expect(throws: PluginFailure.self) { try await call.value }
            #expect(failure?.kind == .cancelled)
            await fixture.log.wait { $0.metadata["line"] == "cancel 2" }
        }
    }

    @Test("a metric type that two plugins offer belongs to the first")
    func conflict() async throws {
        let plugins = ["a": PluginScript(types: ["a"]), "b": PluginScript(types: ["b", "a"])]
        try await HostFixture.run(plugins) { fixture in
            let record = await fixture.log.wait(message: "metric type not used")
            #expect(record.metadata["problem"]?.contains("plugin a already offers") == true)
            #expect(fixture.host.metricType("a")?.plugin == "a")
            #expect(fixture.host.metricType("b")?.plugin == "b")
            #expect(await fixture.host.unhealthyPlugins(ofTypes: ["a", "b"]).isEmpty)
        }
    }

    @Test("a host whose task is cancelled kills its plugins")
    func hostCancelled() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(
            PluginScript(types: ["a"], setUp: "signal.signal(signal.SIGTERM, signal.SIG_IGN)").text,
            to: "generalscaler-plugin-a", executable: true)
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [directory.path], hostVersion: "1",
                environment: ["PATH": environment("PATH") ?? "/usr/bin:/bin"]),
            time: ManualClock().time, logger: CapturedLog().logger)
        let running = Task { try await host.run() }
        await host.untilStarted()
        let process = try #require(await host.health().first?.processID)
        running.cancel()
        try await running.value
        #expect(!HostFixture.exists(process))
        let failure = await #expect(throws: PluginFailure.self) {
            try await host.read(type: "a", config: [:], targetType: .value, timeout: .seconds(1))
        }
        #expect(failure?.kind == .notRunning)
    }
}
