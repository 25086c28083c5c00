import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// Attempts to leave a process behind.
@Suite("A hostile plugin's processes", .timeLimit(.minutes(5)), .needs(.seccomp))
struct SessionAttackTests {
    /// A plugin that starts processes as in `config.python`, which calls daemon() and returns their number once all
    /// run.
    private static let starter = PluginScript(
        types: ["p"],
        setUp: """
            def daemon(escape):
                reader, writer = os.pipe()
                if os.fork() == 0:
                    escape()
                    if os.fork() > 0: os._exit(0)
                    escape()
                    for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(s, signal.SIG_IGN)
                    os.write(writer, b"%d " % os.getpid())
                    for fd in range(3): os.close(fd)
                    # Without a trace in its environment or command line.
                    os.execve("/bin/sleep", ["kworker", "100000"], {})
                os.wait()
                pid = int(os.read(reader, 16).split()[0])
                sys.stderr.write("daemon %d\\n" % pid)
                sys.stderr.flush()
                return pid
            def attempt(call, *arguments):
                try: call(*arguments)
                except OSError: pass
            """,
        body: """
                if m["method"] == "get_metric_value": ok(m, reading(eval(m["params"]["config"]["python"])))
                elif m["method"] == "shutdown": ok(m, {}); break
            """)

    private static let escapes = [
        "lambda: None", "lambda: attempt(os.setsid)", "lambda: attempt(os.setpgid, 0, 0)",
        "lambda: (attempt(os.setpgid, 0, 0), attempt(os.setsid))",
        "lambda: (attempt(os.setsid), attempt(os.setpgid, 0, 0), attempt(os.setsid))",
    ]

    private func start(_ python: String, _ fixture: HostFixture) async throws -> Int32 {
        let reading = try await fixture.host.read(
            type: "p", config: ["python": .string(python)], targetType: .value, timeout: .seconds(200))
        return Int32(reading.value)
    }

    @Test("daemons that try to leave the session, the group and their environment end with the plugin")
    func daemons() async throws {
        var daemons: [Int32] = []
        try await HostFixture.run(["p": Self.starter]) { fixture async throws in
            for escape in Self.escapes { daemons.append(try await start("daemon(\(escape))", fixture)) }
            for daemon in daemons { #expect(HostFixture.exists(daemon)) }
        }
        for daemon in daemons { #expect(!HostFixture.exists(daemon), "daemon \(daemon) outlives its host") }
    }

    @Test("daemons of a plugin that is killed end before the plugin is started again")
    func daemonsOfKilledPlugin() async throws {
        try await HostFixture.run(["p": Self.starter], clock: ManualClock()) { fixture async throws in
            let process = try await fixture.process()
            let daemon = try await start("daemon(\(Self.escapes[4]))", fixture)
            kill(process, SIGKILL)
            await fixture.log.wait { $0.metadata["restartIn"] != nil }
            #expect(!HostFixture.exists(daemon))
        }
    }

    @Test("processes of a plugin whose first thread has exited are killed too")
    func threadsBehindZombie() async throws {
        // The first thread ends, so that /proc shows a zombie, while another thread runs.
        let script = """
            os.fork() or (__import__("threading").Thread(target=time.sleep, args=(100000,)).start(), \
            __import__("ctypes").CDLL(None).pthread_exit(None))
            """
        var process: Int32 = 0
        try await HostFixture.run(["p": Self.starter]) { fixture async throws in
            process = try await start(script, fixture)
        }
        #expect(process > 1 && !HostFixture.exists(process))
    }

    @Test("a plugin that exceeds its process limit is killed with all its processes, and its failure names the limit")
    func tooManyProcesses() async throws {
        let manifest = "plugins: {p: {limits: {processes: 9}}}"
        try await HostFixture.run(["p": Self.starter], manifest: manifest) { fixture async throws in
            let within = try await start("sum(1 for _ in range(7) if daemon(lambda: None))", fixture)
            #expect(within == 7)
            let failure = await #expect(throws: PluginFailure.self) {
                try await start(
                    "[daemon(lambda: attempt(os.setpgid, 0, 0)) for _ in range(9)] and time.sleep(1000)", fixture)
            }
            #expect(failure?.kind == .crashed)
            #expect(failure?.message.contains("limits.processes is 9") == true, "\(failure?.message ?? "")")
            let daemons = fixture.log.records.compactMap { record in
                record.metadata["line"].flatMap { $0.hasPrefix("daemon ") ? Int32($0.dropFirst(7)) : nil }
            }
            #expect(daemons.count > 7)
            await fixture.log.wait { $0.metadata["restartIn"] != nil }
            for daemon in daemons { #expect(!HostFixture.exists(daemon)) }
        }
    }

    @Test("a fork bomb is killed")
    func forkBomb() async throws {
        try await HostFixture.run(["p": Self.starter]) { fixture async throws in
            let bomb = "(lambda: [(os.fork(), attempt(os.setpgid, 0, 0)) for _ in range(10)] and time.sleep(1000))()"
            let failure = await #expect(throws: PluginFailure.self) { try await start(bomb, fixture) }
            #expect(failure?.message.contains("limits.processes is 64") == true, "\(failure?.message ?? "")")
        }
    }

    @Test("a plugin that has more threads than its process limit is killed")
    func tooManyThreads() async throws {
        let manifest = "plugins: {p: {limits: {processes: 1}}}"
        try await HostFixture.run(["p": Self.starter], manifest: manifest) { fixture async throws in
            let threads = """
                [__import__("threading").Thread(target=time.sleep, args=(1000,)).start() for _ in range(40)] \
                and time.sleep(1000)
                """
            let failure = await #expect(throws: PluginFailure.self) { try await start(threads, fixture) }
            #expect(
                failure?.message.contains("threads, and limits.processes allows 16") == true,
                "\(failure?.message ?? "")")
        }
    }

    @Test("a plugin with children: false can start threads but no process")
    func noChildren() async throws {
        let manifest = "plugins: {p: {children: false}}"
        let script = PluginScript(
            types: ["p"],
            body: """
                    if m["method"] == "get_metric_value":
                        try: ok(m, reading(eval(m["params"]["config"]["python"])))
                        except OSError as e: ok(m, reading(-e.errno))
                """)
        try await HostFixture.run(["p": script], manifest: manifest) { fixture async throws in
            #expect(try await start("os.fork()", fixture) == -EPERM)
            #expect(try await start("__import__('subprocess').Popen(['/bin/true']).pid", fixture) == -EPERM)
            #expect(try await start("__import__('threading').Thread(target=print).start() or 3", fixture) == 3)
        }
    }

    @Test("the project's own plugins may have no children, and a plugin of the same name in another directory may")
    func shippedPlugins() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("", to: "generalscaler-plugin-redis", executable: true)
        func children(in directory: String) throws -> Bool? {
            let configuration = PluginHostConfiguration(
                directories: [directory], hostVersion: "1", environment: [:],
                launcher: BuiltExecutable.path("generalscaler-launch"))
            return try PluginDiscovery.find(configuration, manifest: .none).programs.first { $0.name == "redis" }?
                .mayHaveChildren
        }
        #expect(try children(in: BuiltExecutable.directory) == false)
        #expect(try children(in: directory.path) == true)
    }
}
