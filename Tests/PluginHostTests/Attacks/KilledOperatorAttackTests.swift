import CLinux
import FoundationEssentials
import Glibc
import Subprocess
import TestSupport
import Testing

@testable import PluginHost

/// The leftovers of a killed operator's plugins, and obstacles to its end. The operator is the real program, with a
/// cluster that does not answer.
@Suite("An operator that is killed or out of processes", .timeLimit(.minutes(5)), .needs(.seccomp))
struct KilledOperatorAttackTests {
    /// A plugin that starts daemons that try to escape.
    private static func plugin(daemons: Int) -> PluginScript {
        PluginScript(
            types: ["p"],
            setUp: """
                for _ in range(\(daemons)):
                    if os.fork() == 0:
                        for escape in (lambda: os.setpgid(0, 0), os.setsid):
                            try: escape()
                            except OSError: pass
                        if os.fork() > 0: os._exit(0)
                        for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(s, signal.SIG_IGN)
                        sys.stderr.write("daemon %d\\n" % os.getpid())
                        sys.stderr.flush()
                        for fd in range(3): os.close(fd)
                        os.execve("/bin/sleep", ["kworker", "100000"], {})
                """)
    }

    /// The directories of one operator.
    private struct Place {
        let directory: TemporaryDirectory
        var temporary: String { "\(directory.path)/tmp" }

        init(_ plugin: PluginScript) throws {
            directory = try TemporaryDirectory()
            for name in ["tmp", "plugins", "kube"] { try directory.makeDirectory(name) }
            try directory.write(plugin.text, to: "plugins/generalscaler-plugin-p", executable: true)
            // An unused port.
            try directory.write(
                """
                {"apiVersion": "v1", "kind": "Config", "current-context": "c",
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "users": [{"name": "u", "user": {"token": "t"}}]}
                """, to: "kube/config")
        }

        var arguments: [String] {
            [
                "run", "--kubeconfig", "\(directory.path)/kube/config", "--plugin-dir", "\(directory.path)/plugins",
                "--listen", "127.0.0.1:0",
            ]
        }

        func run(_ body: @escaping @Sendable (RunningProcess) async throws -> Void) async throws -> TerminationStatus {
            try await RunningProcess.run("generalscaler", arguments, environment: ["TMPDIR": temporary], body)
        }
    }

    private static func daemon(_ line: String) throws -> Int32 {
        let words = line.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
        let index = try #require(words.firstIndex(of: "daemon"))
        return try #require(Int32(words[index + 1]))
    }

    private static func waitForEnd(_ process: Int32) -> Bool {
        let descriptor = clinux_pidfd_open(process)
        guard descriptor >= 0 else { return errno == ESRCH }
        defer { close(descriptor) }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 60_000) == 1
    }

    @Test("the guard kills the plugins of an operator that is killed, daemons among them, and the next start cleans up")
    func operatorKilled() async throws {
        let place = try Place(Self.plugin(daemons: 3))
        defer { place.directory.remove() }
        let status = try await place.run { process in
            var daemons: [Int32] = []
            for count in 1...3 {
                daemons.append(try Self.daemon(try await process.errorLine(count) { $0.contains("daemon ") }))
            }
            try await process.errorLine { $0.contains("plugin is up") }
            try process.send(.kill)
            for daemon in daemons { #expect(Self.waitForEnd(daemon), "daemon \(daemon) outlives its operator") }
        }
        #expect(status == .signaled(SIGKILL))
        let left = TemporaryDirectory.entries(of: place.temporary)
        #expect(left.count == 1)
        _ = try await place.run { process in
            try await process.errorLine { $0.contains("removed temporary directories of killed operators") }
            #expect(!TemporaryDirectory.entries(of: place.temporary).contains(left[0]))
        }
        #expect(TemporaryDirectory.entries(of: place.temporary).isEmpty)
    }

    @Test("the guard kills the sessions of its operator, and none that began later under the same id")
    func reusedSession() async throws {
        func survives(_ start: String) async throws -> Bool {
            let script = """
                setsid sleep 100000 & id=$!
                while [ "$(cut -d ' ' -f 6 /proc/$id/stat)" != $id ]; do :; done
                start=$(cut -d ' ' -f 22 /proc/$id/stat)
                printf '+%d %s\\n' $id \(start) | "$1" --guard
                kill -9 $id 2>/dev/null && echo survived
                """
            return try await ConfinedProgram.run(
                ["/bin/bash", "-c", script, "bash", BuiltExecutable.path("generalscaler-launch")]
            ).output == "survived\n"
        }
        #expect(try await !survives("$start"))
        #expect(try await survives("$((start + 1))"))
    }

    /// Where the operator fails to: nobody else is that user.
    private static func killAll(of user: UInt32) {
        var process: Int32 = 0
        let words = ["/usr/bin/setpriv", "--reuid", "\(user)", "--clear-groups", "/bin/kill", "-9", "-1"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        guard clinux_spawn(&process, words[0], arguments, [nil], 0, 1, 2) == 0 else { return }
        waitpid(process, nil, 0)
    }

    @Test("an operator whose plugin has used up all process slots still ends in time", .needs(.root))
    func processesUsedUp() async throws {
        // Reuses freed process slots immediately, in as many groups as there are processes.
        let script = PluginScript(
            types: ["p"],
            handshake: """
                        hello(m)
                        signal.signal(signal.SIGTERM, signal.SIG_IGN)
                        sys.stderr.write("spreading\\n")
                        sys.stderr.flush()
                        def spread():
                            while True:
                                try:
                                    if os.fork() == 0: os.setpgid(0, 0)
                                except OSError: time.sleep(0.001)
                        if os.fork() == 0: spread()
                """, body: "    pass")
        let place = try Place(script)
        defer { place.directory.remove() }
        chmod(place.directory.path, 0o755)
        // The kernel counts a user's processes on the whole machine: another run of this test needs another user.
        let user = 60_000 + UInt32(getpid()) % 5_000
        for name in ["tmp", "plugins", "kube", "kube/config"] {
            chown("\(place.directory.path)/\(name)", user, user)
        }
        let command = [
            "--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", "/usr/bin/prlimit", "--nproc=150",
            BuiltExecutable.path("generalscaler"),
        ]
        defer { Self.killAll(of: user) }
        try await RunningProcess.run(
            "/usr/bin/setpriv", command + place.arguments,
            environment: ["TMPDIR": place.temporary, "HOME": place.temporary]
        ) { process in
            try await process.errorLine { $0.contains("spreading") }
            try process.send(.terminate)
            try await process.errorLine { $0.contains("stopped") }
        }
    }
}
