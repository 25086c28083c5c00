import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Calls to plugins", .timeLimit(.minutes(5)))
struct PluginHostCallTests {
    @Test("a plugin is found by its file name, started, initialized and called")
    func read() async throws {
        try await HostFixture.run(["depth": PluginScript(types: ["depth", "age"])]) { fixture in
            let reading = try await fixture.host.read(
                type: "depth", config: ["value": 7.5], targetType: .value, timeout: .seconds(20))
            #expect(reading == MetricReading(value: 7.5, observedAtMicroseconds: 1_767_225_600_000_000))
            #expect(fixture.host.metricTypes().keys.sorted() == ["age", "depth"])
            #expect(fixture.host.metricType("age")?.pluginName == "test plugin")
            #expect(fixture.host.metricType("age")?.pluginVersion == "1.2")
            let health = try await fixture.health()
            #expect(health.state == .up)
            #expect(health.counters.answers == 1)
            #expect(health.inFlight == 0)
        }
    }

    @Test("a call that comes before the plugin has declared its types waits for the handshake")
    func early() async throws {
        let script = PluginScript(types: ["depth", "age"])
        try await HostFixture.run(["depth": script], waitsForStart: false) { fixture in
            async let own = fixture.host.read(
                type: "depth", config: ["value": 7.5], targetType: .value, timeout: .seconds(20))
            async let other = fixture.host.read(
                type: "age", config: ["value": 2.5], targetType: .value, timeout: .seconds(20))
            let readings = try await [own, other]
            #expect(readings.map(\.value) == [7.5, 2.5])
        }
    }

    @Test("a call to a host that does not run fails at its deadline")
    func notRun() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(
            PluginScript(types: ["depth"]).text, to: "generalscaler-plugin-depth", executable: true)
        let host = try PluginHost(
            configuration: PluginHostConfiguration(
                directories: [directory.path], hostVersion: "1.0", environment: ["TMPDIR": directory.path]),
            logger: .silent)
        for type in ["depth", "age"] {
            let failure = await #expect(throws: PluginFailure.self) {
                try await host.read(type: type, config: [:], targetType: .value, timeout: .milliseconds(3))
            }
            #expect(failure?.kind == .notRunning)
        }
    }

    @Test("the plugin's verdict on a config reaches the caller")
    func validate() async throws {
        try await HostFixture.run(["depth": PluginScript(types: ["depth"])]) { fixture in
            #expect(await fixture.host.validate(type: "depth", config: ["value": 1]) == .valid(.value))
            let verdict = await fixture.host.validate(type: "depth", config: [:])
            #expect(verdict == .invalid([ConfigProblem(path: "value", message: "is required")]))
        }
    }

    @Test("a hundred concurrent calls each get their own answer")
    func pipelined() async throws {
        let script = PluginScript(types: ["depth"], capabilities: #"{"maxInFlight": 16}"#)
        try await HostFixture.run(["depth": script]) { fixture in
            let sum = try await withThrowingTaskGroup(of: Bool.self) { group in
                for value in 0..<100 {
                    group.addTask {
                        let reading = try await fixture.host.read(
                            type: "depth", config: ["value": .integer(Int64(value))], targetType: .value,
                            timeout: .seconds(30))
                        return reading.value == Double(value)
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(sum == 100)
        }
    }

    @Test("an answer that is in the pipe before the deadline counts, even if the host reads it later")
    func hostIsLate() async throws {
        let script = PluginScript(
            types: ["depth"],
            body: """
                    if m["method"] == "get_metric_value":
                        fifos = m["params"]["config"]["fifos"]
                        for fifo in fifos[:2]: open(fifo).close()
                        ok(m, reading(7))
                        open(fifos[2]).close()
                """)
        let clock = ManualClock()
        try await HostFixture.run(["depth": script], clock: clock) { fixture in
            let fifos = ["asked", "held", "answered"].map { "\(fixture.directory)/\($0)" }
            for fifo in fifos { try #require(mkfifo(fifo, 0o600) == 0) }
            async let reading = fixture.host.read(
                type: "depth", config: ["fifos": .array(fifos.map { .string($0) })], targetType: .value,
                timeout: .seconds(10))
            try Self.meetReader(of: fifos[0])
            // Blocks the host's thread from before the plugin's answer until after the deadline.
            let held = Task(executorPreference: fixture.host.taskExecutor) {
                for fifo in fifos[1...] { try Self.meetReader(of: fifo) }
                clock.advance(by: .seconds(10))
            }
            try await held.value
            #expect(try await reading.value == 7)
            #expect(try await fixture.health().counters.missedDeadlines == 0)
        }
    }

    /// Waits until a process opens the FIFO for reading, and lets it continue.
    private static func meetReader(of fifo: String) throws {
        let start = ContinuousClock.now
        while true {
            let descriptor = open(fifo, O_WRONLY | O_NONBLOCK)
            if descriptor >= 0 {
                close(descriptor)
                return
            }
            try #require(ContinuousClock.now - start < .seconds(60), "no process reads \(fifo)")
            sched_yield()
        }
    }

    @Test("a call for a type that no plugin offers fails with the installed types and the searched directories")
    func unknownType() async throws {
        try await HostFixture.run(["depth": PluginScript(types: ["depth"])]) { fixture in
            let failure = await #expect(throws: PluginFailure.self) {
                try await fixture.host.read(type: "dept", config: [:], targetType: .value, timeout: .seconds(1))
            }
            #expect(failure?.kind == .unknownType)
            #expect(failure?.message.contains("Installed: depth.") == true)
            #expect(failure?.message.contains(fixture.directory) == true)
        }
    }
}
