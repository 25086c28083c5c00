import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// The permissions of a confined plugin, tested by plugins that attempt each action.
@Suite("The sandbox", .timeLimit(.minutes(5)), .needs(.landlock), .needs(.seccomp))
struct SandboxTests {
    /// A plugin that evaluates `config.python` and answers its number.
    private static let evaluator = PluginScript(
        types: ["probe"], setUp: "import ctypes, pathlib, resource, subprocess, threading",
        body: """
                if m["method"] == "get_metric_value":
                    try: ok(m, reading(float(eval(m["params"]["config"]["python"]))))
                    except OSError as e: fail(m, 1002, e.strerror)
            """)

    private func run(
        entry: String = "{}", launcher: String? = nil, body: (HostFixture) async throws -> Void
    ) async throws {
        try await HostFixture.run(
            ["probe": Self.evaluator], manifest: "plugins: {probe: \(entry)}", launcher: launcher, body: body)
    }

    private func evaluate(_ python: String, _ fixture: HostFixture) async throws -> Double {
        try await fixture.host.read(
            type: "probe", config: ["python": .string(python)], targetType: .value, timeout: .seconds(60)
        ).value
    }

    /// Checks that the system refuses the action, and that the plugin attempted it.
    private func expectRefused(
        _ python: String, _ reason: String, _ fixture: HostFixture, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let failure = await #expect(throws: PluginFailure.self, sourceLocation: sourceLocation) {
            try await evaluate(python, fixture)
        }
        #expect(
            failure?.message.hasSuffix(reason) == true, "\(python): \(failure?.message ?? "")",
            sourceLocation: sourceLocation)
    }

    @Test("a plugin cannot read a file until plugins.yaml names it")
    func token() async throws {
        let secrets = try TemporaryDirectory()
        defer { secrets.remove() }
        try secrets.write("s3cret", to: "token")
        let read = "len(open('\(secrets.path)/token').read())"
        try await run { fixture async throws in
            await expectRefused(read, "Permission denied", fixture)
            await expectRefused("len(os.listdir('\(secrets.path)'))", "Permission denied", fixture)
            await expectRefused("len(open('/etc/passwd').read())", "Permission denied", fixture)
            for secret in ["environ", "maps", "mem", "fd/0"] {
                await expectRefused(
                    "len(open('/proc/%d/\(secret)' % os.getppid(), 'rb').read(1))", "Permission denied", fixture)
            }
        }
        try await run(entry: "{readPaths: [\(secrets.path)/token]}") { fixture async throws in
            #expect(try await evaluate(read, fixture) == 6)
            await expectRefused("len(os.listdir('\(secrets.path)'))", "Permission denied", fixture)
            await expectRefused("open('\(secrets.path)/token', 'w').write('x')", "Permission denied", fixture)
        }
        try await run(entry: "{confined: false}") { fixture async throws in
            #expect(try await evaluate(read, fixture) == 6)
        }
    }

    @Test("a plugin can write only to its own temporary directory")
    func writing() async throws {
        try await run { fixture async throws in
            #expect(try await evaluate("pathlib.Path(os.environ['TMPDIR'], 'f').write_text('1234')", fixture) == 4)
            #expect(try await evaluate("pathlib.Path('g').write_text('12345')", fixture) == 5)
            #expect(try await evaluate("os.umask(0) and os.stat('g').st_mode & 0o777", fixture) == 0o600)
            #expect(try await evaluate("open('/dev/null', 'w').write('x')", fixture) == 1)
            let directory = fixture.directory
            await expectRefused("open('\(directory)/f', 'w').write('x')", "Permission denied", fixture)
            await expectRefused("open('\(directory)/tmp/f', 'w').write('x')", "Permission denied", fixture)
            await expectRefused("os.unlink(sys.argv[0]) or 0", "Permission denied", fixture)
            await expectRefused("os.rename('g', '\(directory)/tmp/g') or 0", "Permission denied", fixture)
        }
    }

    /// Attempts to signal a process, harmless if one succeeds: a process ignores SIGURG by default.
    private static let signals = [
        "os.kill(os.getppid(), signal.SIGURG) or 0",
        "os.kill(-os.getpgid(os.getppid()), signal.SIGURG) or 0",
        "os.kill(-1, signal.SIGURG) or 0",
        "os.kill(sorted(map(int, os.listdir('/proc/%d/task' % os.getppid())))[1], signal.SIGURG) or 0",
        "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), signal.SIGURG) or 0",
        "syscall('tgkill', os.getppid(), os.getppid(), 23)",
        "syscall('tkill', os.getppid(), 23)",
        "syscall('rt_sigqueueinfo', os.getppid(), 23, ctypes.create_string_buffer(128))",
        "syscall('ptrace', 16, os.getppid(), 0, 0)",
        "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)) and 0",
    ]

    /// System calls without a Python function.
    private static let syscalls = """
        import ctypes, pathlib, platform, resource, subprocess, threading
        libc = ctypes.CDLL(None, use_errno=True)
        numbers = {"tgkill": (234, 131), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "ptrace": (101, 117)}
        def syscall(name, *arguments):
            number = numbers[name][platform.machine() == "aarch64"]
            if libc.syscall(number, *arguments) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            return 0
        """

    private func expectNoSignal(launcher: String?) async throws {
        let script = PluginScript(
            types: ["probe"], setUp: Self.syscalls,
            body: """
                    if m["method"] == "get_metric_value":
                        try: ok(m, reading(float(eval(m["params"]["config"]["python"]))))
                        except OSError as e: fail(m, 1002, e.strerror)
                """)
        try await HostFixture.run(["probe": script], launcher: launcher) { fixture async throws in
            for attempt in Self.signals { await expectRefused(attempt, "Operation not permitted", fixture) }
            #expect(try await evaluate("os.kill(os.getpid(), 0) or 1", fixture) == 1)
            #expect(try await evaluate("os.kill(0, signal.SIGURG) or 1", fixture) == 1)
            let child = "(lambda p: p.kill() or p.wait())(subprocess.Popen(['/bin/sleep', '1000']))"
            #expect(try await evaluate(child, fixture) == -9)
        }
    }

    @Test("a plugin cannot signal, trace or limit the operator, only its own processes")
    func signals() async throws {
        try await expectNoSignal(launcher: nil)
    }

    @Test("system call rules and limits hold on a kernel without Landlock")
    func withoutLandlock() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(Self.hidingLandlock, to: "launch", executable: true)
        try await expectNoSignal(launcher: "\(directory.path)/launch")
        try await run(launcher: "\(directory.path)/launch") { fixture async throws in
            // Confirms that Landlock was not available.
            #expect(try await evaluate("len(open('/etc/passwd').read())", fixture) > 0)
            #expect(try await evaluate("resource.getrlimit(resource.RLIMIT_NOFILE)[1]", fixture) == 1_024)
        }
    }

    /// Executes the launcher with a filter (seccomp(2)) under which Landlock's calls do not exist.
    static let hidingLandlock = """
        #!/usr/bin/python3 -S
        import ctypes, os, struct, sys
        code = [(0x20, 0, 0, 0), (0x35, 0, 2, 444), (0x25, 1, 0, 446), (0x06, 0, 0, 0x50026), (0x06, 0, 0, 0x7fff0000)]
        program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in code))
        class Filter(ctypes.Structure): _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0
        assert libc.prctl(22, 2, ctypes.byref(Filter(len(code), ctypes.addressof(program))), 0, 0) == 0
        os.execv("\(BuiltExecutable.path("generalscaler-launch"))", ["generalscaler-launch"] + sys.argv[1:])
        """

    @Test("the kernel enforces the limits of plugins.yaml on a plugin, and a plugin dumps no core")
    func limits() async throws {
        try await run(entry: "{limits: {memoryMiB: 512, addressSpaceMiB: 2048, openFiles: 64}}") {
            fixture async throws in
            #expect(try await evaluate("resource.getrlimit(resource.RLIMIT_DATA)[1]", fixture) == 512 * 1_048_576)
            #expect(try await evaluate("resource.getrlimit(resource.RLIMIT_AS)[1]", fixture) == 2_048 * 1_048_576)
            #expect(try await evaluate("resource.getrlimit(resource.RLIMIT_NOFILE)[1]", fixture) == 64)
            #expect(try await evaluate("resource.getrlimit(resource.RLIMIT_CORE)[1]", fixture) == 0)
        }
    }

    @Test("a plugin has its own session, no capabilities, and access to the network")
    func session() async throws {
        try await run { fixture async throws in
            #expect(try await evaluate("os.getsid(0) == os.getpid() == os.getpgid(0)", fixture) == 1)
            let capabilities = "int(open('/proc/self/status').read().split('CapPrm:')[1].split()[0], 16)"
            #expect(try await evaluate(capabilities, fixture) == 0)
            // A set-user-id program gives nothing.
            let privileges = "int(open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])"
            #expect(try await evaluate(privileges, fixture) == 1)
            let server = "__import__('socket').create_server(('127.0.0.1', 0))"
            let connect =
                "(lambda s: __import__('socket').create_connection(s.getsockname()).fileno() > 0)(\(server))"
            #expect(try await evaluate(connect, fixture) == 1)
        }
    }

    @Test("a confined plugin does not start without the launcher, and the failure contains the fix")
    func noLauncher() async throws {
        let launcher = PluginLauncher(
            program: nil, workspaces: WorkspaceRoot(parent: "/tmp"), protectedPaths: [], guardProcess: GuardProcess())
        let program = PluginProgram(name: "p", path: MisbehavingPlugin.path, environment: [:])
        let problem = await #expect(throws: LaunchProblem.self) {
            try await launcher.prepare(program, marker: EnvironmentMarker(value: "1"))
        }
        #expect(problem?.description.contains("confined: false") == true)
    }

    @Test("a Node and a bash script start in the sandbox, as does a Java program if Java is installed")
    func runtimes() async throws {
        let source = try TemporaryDirectory()
        defer { source.remove() }
        try source.write(Self.java, to: "Plugin.java")
        let hasJava = access("/usr/bin/java", X_OK) == 0
        // The files that Java reads at its start on Debian.
        let settings = ProcessTable.names(in: "/etc").filter { $0.hasPrefix("java") }.map { "/etc/\($0)" }
        let java =
            "{argv: [/usr/bin/java, \(source.path)/Plugin.java], readPaths: [\(settings.joined(separator: ", "))]}"
        try await HostFixture.run(
            [:],
            files: ["generalscaler-plugin-node": Self.node, "generalscaler-plugin-bash": Self.bash],
            manifest: hasJava ? "plugins: {java: \(java)}" : nil
        ) { fixture async throws in
            for type in ["node", "bash"] + (hasJava ? ["java"] : []) {
                let reading = try await fixture.host.read(
                    type: type, config: [:], targetType: .value, timeout: .seconds(60))
                #expect(reading.value == 5)
            }
        }
    }

    private static let node = #"""
        #!/usr/bin/env node
        const answer = (m) => m.method === "initialize"
            ? {protocolVersion: 1, plugin: {name: "n", version: "1"}, metricTypes: [
                {type: "node", description: "", configSchema: {}, defaultTargetType: "Value"}]}
            : {value: 5, observedAt: "2026-01-01T00:00:00Z"};
        require("readline").createInterface({input: process.stdin}).on("line", (line) => {
            const m = JSON.parse(line);
            console.log(JSON.stringify({jsonrpc: "2.0", id: m.id, result: m.method === "shutdown" ? {} : answer(m)}));
        });
        """#

    /// Copies a file with its attributes, which also sets its mode and times.
    private static let java = #"""
        import java.nio.file.*;
        public class Plugin {
            public static void main(String[] arguments) throws Exception {
                Path file = Files.writeString(Path.of("a"), "text");
                Files.copy(file, Path.of("b"), StandardCopyOption.COPY_ATTRIBUTES);
                var reader = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));
                for (String line; (line = reader.readLine()) != null;) {
                    String id = line.replaceAll(".*\"id\":(\\d+).*", "$1");
                    String result = line.contains("\"initialize\"")
                        ? "{\"protocolVersion\":1,\"plugin\":{\"name\":\"j\",\"version\":\"1\"},\"metricTypes\":["
                            + "{\"type\":\"java\",\"description\":\"\",\"configSchema\":{},\"defaultTargetType\":\"Value\"}]}"
                        : "{\"value\":5,\"observedAt\":\"2026-01-01T00:00:00Z\"}";
                    System.out.println("{\"jsonrpc\":\"2.0\",\"id\":" + id + ",\"result\":" + result + "}");
                }
            }
        }
        """#

    private static let bash = ShellScript.text(type: "bash")
}
