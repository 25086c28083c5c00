import Glibc
import PluginProtocol
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// Attempts to exhaust the resources of the operator's container. Needs only /proc.
@Suite("A hostile plugin's memory and files", .timeLimit(.minutes(5)))
struct ResourceAttackTests {
    private static let evaluator = PluginScript(
        types: ["p"], setUp: "import mmap",
        body: """
                if m["method"] == "get_metric_value":
                    try: ok(m, reading(float(eval(m["params"]["config"]["python"]))))
                    except OSError as e: ok(m, reading(-e.errno))
            """)

    private func evaluate(_ python: String, type: String = "p", _ fixture: HostFixture) async throws -> Double {
        try await fixture.host.read(
            type: type, config: ["python": .string(python)], targetType: .value, timeout: .seconds(200)
        ).value
    }

    private func expectKilled(
        _ limits: String, _ python: String, _ reason: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await HostFixture.run(["p": Self.evaluator], manifest: "plugins: {p: {limits: {\(limits)}}}") {
            fixture async throws in
            let failure = await #expect(throws: PluginFailure.self, sourceLocation: sourceLocation) {
                try await evaluate(python, fixture)
            }
            #expect(
                failure?.message.contains(reason) == true, "\(failure?.message ?? "")", sourceLocation: sourceLocation)
        }
    }

    @Test("the memory of a plugin's children counts toward the plugin's limit")
    func childrenMemory() async throws {
        try await expectKilled(
            "memoryMiB: 100",
            "[os.fork() or (exec('x = bytearray(b\"x\" * (30 << 20))'), time.sleep(1000)) for _ in range(5)] and time.sleep(1000)",
            "limits.memoryMiB is 100")
    }

    @Test("memory that a plugin's processes share counts once toward the limit")
    func sharedMemory() async throws {
        try await expectKilled(
            "memoryMiB: 100",
            "(globals().update(x=mmap.mmap(-1, 150 << 20)), [x.write(b'x' * (1 << 20)) for _ in range(150)], time.sleep(1000))",
            "limits.memoryMiB is 100")
        // 40 MiB in five processes are 40 MiB.
        let share =
            "(globals().update(x=mmap.mmap(-1, 40 << 20)), [x.write(b'x' * (1 << 20)) for _ in range(40)], "
            + "[os.fork() or (x[::4096], time.sleep(1000)) for _ in range(4)]) and 7"
        try await HostFixture.run(["p": Self.evaluator], manifest: "plugins: {p: {limits: {memoryMiB: 100}}}") {
            fixture async throws in
            #expect(try await evaluate(share, fixture) == 7)
            for _ in 0..<3 { #expect(try await evaluate("time.sleep(0.5) or 3", fixture) == 3) }
        }
    }

    @Test("all files in a plugin's temporary directory count together toward its limit")
    func manyFiles() async throws {
        try await expectKilled(
            "temporaryMiB: 3",
            "[open('f%d' % i, 'wb').write(b'x' * (1 << 20)) for i in range(40)] and time.sleep(1000)",
            "limits.temporaryMiB, which is 3")
    }

    @Test("deleted files in the temporary directory count toward its limit while they are open")
    func namelessFiles() async throws {
        try await expectKilled(
            "temporaryMiB: 3",
            """
            globals().update(l=[open('f%d' % i, 'wb') for i in range(20)]) or [(f.write(b'x' * (1 << 20)), f.flush(),
            os.unlink(f.name)) for f in l] and time.sleep(1000)
            """.replacing("\n", with: " "), "limits.temporaryMiB, which is 3")
    }

    @Test("files that have lost their name and descriptor count while they are mapped")
    func mappedFiles() async throws {
        try await expectKilled(
            "temporaryMiB: 3",
            """
            globals().update(c=__import__("ctypes").CDLL(None)) or [(lambda d: (os.pwrite(d, b'x' * (1 << 20), 0),
            c.mmap(None, 1 << 20, 1, 1, d, 0), os.unlink('f%d' % i), os.close(d)))(os.open('f%d' % i,
            os.O_CREAT | os.O_RDWR)) for i in range(20)] and time.sleep(1000)
            """.replacing("\n", with: " "), "limits.temporaryMiB, which is 3")
    }

    @Test("empty files in the temporary directory count toward its limit with the space that they take")
    func emptyFiles() async throws {
        try await expectKilled(
            "temporaryMiB: 1", "[open('f%d' % i, 'wb').close() for i in range(2000)] and time.sleep(1000)",
            "limits.temporaryMiB, which is 1")
    }

    @Test("no single file grows beyond the temporary directory's limit")
    func oneFile() async throws {
        try await HostFixture.run(["p": Self.evaluator], manifest: "plugins: {p: {limits: {temporaryMiB: 1}}}") {
            fixture async throws in
            let write =
                "(lambda f: [os.write(f, b'x' * 65536) for _ in range(20)])(os.open('f', os.O_CREAT | os.O_WRONLY)) and 1"
            #expect(try await evaluate(write, fixture) == -Double(EFBIG))
        }
    }

    // MARK: The container

    @Test("of two plugins, the one that grew is killed when the container's memory runs out, and the other survives")
    func pressure() async throws {
        let scripts = ["hog", "other"].map { name in
            (name, PluginScript(types: [name], setUp: "import mmap", body: Self.body))
        }
        let isShort = Mutex(false)
        let hog = Mutex<Int32>(0)
        try await HostFixture.run(Dictionary(uniqueKeysWithValues: scripts)) { configuration in
            configuration.containerUsage = {
                // Short of memory as long as the hog runs.
                let isAlive = hog.withLock { ProcessTable.entry($0)?.isZombie == false }
                let used: Int64 = isShort.withLock { $0 } && isAlive ? 900 : 100
                return ContainerUsage(memory: .init(used: used << 20, limit: 1_000 << 20))
            }
        } body: { fixture async throws in
            let health = await fixture.host.health()
            let other = try #require(health.first { $0.name == "other" }?.processID)
            hog.withLock { $0 = health.first { $0.name == "hog" }?.processID ?? 0 }
            // The other plugin is large and does not grow.
            let large = "globals().update(x=bytearray(b'x' * (60 << 20))) or 1"
            #expect(try await evaluate(large, type: "other", fixture) == 1)
            let growing =
                "globals().update(x=[bytearray(b'x' * (90 << 20))], y=os.write(2, b'grown\\n')) or time.sleep(1000)"
            let killed = Task { try await evaluate(growing, type: "hog", fixture) }
            await fixture.log.wait { $0.metadata["line"] == "grown" }
            isShort.withLock { $0 = true }
            let failure = await #expect(throws: PluginFailure.self) { try await killed.value }
            #expect(failure?.message.contains("container used 900 MiB of the 1000 MiB") == true)
            #expect(HostFixture.exists(other))
            #expect(try await evaluate("2", type: "other", fixture) == 2)
        }
    }

    @Test("a plugin whose threads grew is killed when the container's tasks run out")
    func tasks() async throws {
        let isShort = Mutex(false)
        try await HostFixture.run(["p": Self.evaluator]) { configuration in
            configuration.containerUsage = {
                ContainerUsage(tasks: .init(used: isShort.withLock { $0 } ? 90 : 10, limit: 100))
            }
        } body: { fixture async throws in
            let growing = """
                [__import__("threading").Thread(target=time.sleep, args=(1000,)).start() for _ in range(20)] \
                and os.write(2, b"grown\\n") and time.sleep(1000)
                """
            let killed = Task { try await evaluate(growing, fixture) }
            await fixture.log.wait { $0.metadata["line"] == "grown" }
            isShort.withLock { $0 = true }
            let failure = await #expect(throws: PluginFailure.self) { try await killed.value }
            #expect(failure?.message.contains("container had 90 of the 100 processes and threads") == true)
        }
    }

    private static let body = """
            if m["method"] == "get_metric_value": ok(m, reading(float(eval(m["params"]["config"]["python"]))))
        """

    @Test("the plugin that grew most is killed first, then the next, and one that did not grow only in an emergency")
    func judge() {
        var monitor = PressureMonitor()
        // Long enough that the samples are not new.
        for second in 0...20 { monitor.record([1: 500, 2: 100, 3: 90], now: .seconds(second)) }
        monitor.record([1: 500, 2: 300, 3: 150], now: .seconds(23))
        #expect(monitor.victim(share: 0.79, leastGrowth: 10) == nil)
        #expect(monitor.victim(share: 0.81, leastGrowth: 10) == 2)
        monitor.record([1: 500, 3: 150], now: .seconds(24))
        #expect(monitor.victim(share: 0.81, leastGrowth: 10) == 3)
        monitor.record([1: 500], now: .seconds(25))
        #expect(monitor.victim(share: 0.94, leastGrowth: 10) == nil)
        #expect(monitor.victim(share: 0.96, leastGrowth: 10) == 1)
        // Growth before the window is ignored.
        monitor.record([1: 700], now: .seconds(26))
        #expect(monitor.victim(share: 0.94, leastGrowth: 10) == 1)
        for second in 27...50 { monitor.record([1: 700], now: .seconds(second)) }
        #expect(monitor.victim(share: 0.94, leastGrowth: 10) == nil)
        // A new plugin has grown from zero, also at the second check.
        for second in 51...52 { monitor.record([1: 700, 9: 20], now: .seconds(second)) }
        #expect(monitor.victim(share: 0.81, leastGrowth: 10) == 9)
        monitor.record([:], now: .seconds(53))
        #expect(monitor.victim(share: 0.99, leastGrowth: 10) == nil)
    }

    @Test("usage and limit of the process's own control group are read, or absent if there is no limit")
    func ownUsage() {
        let usage = ContainerUsage.current()
        for part in [usage.memory, usage.tasks].compactMap(\.self) {
            #expect(part.used > 0 && part.limit > 0)
        }
    }
}
