import Glibc
import PluginProtocol
import Subprocess
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

/// Attempts to make the sandbox include the operator's credentials. Refusals before the start of a plugin do not need
/// Landlock.
@Suite("Attacks on the operator's token", .timeLimit(.minutes(5)), .needs(.landlock))
struct TokenAttackTests {
    /// A plugin that reads the file named in a call.
    private static let reader = """
        import sys, json
        for line in sys.stdin:
            m = json.loads(line)
            r = {}
            if m["method"] == "initialize":
                r = {"protocolVersion": 1, "plugin": {"name": "p", "version": "1"}, "metricTypes": [
                    {"type": "p", "description": "", "configSchema": {}, "defaultTargetType": "Value"}]}
            elif m["method"] == "get_metric_value":
                try: r = {"value": len(open(m["params"]["config"]["path"]).read()), "observedAt": "2026-01-01T00:00:00Z"}
                except OSError as e: r = {"value": -e.errno, "observedAt": "2026-01-01T00:00:00Z"}
            print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": r}), flush=True)
        """

    private func read(_ path: String, _ fixture: HostFixture) async throws -> Double {
        try await fixture.host.read(
            type: "p", config: ["path": .string(path)], targetType: .value, timeout: .seconds(60)
        ).value
    }

    private func failure(_ fixture: HostFixture) async throws -> String {
        try await fixture.health().lastFailure ?? "none"
    }

    @Test(
        "a #! line does not make the directory of a token readable",
        arguments: [
            "#!/usr/bin/env -S -u TOKEN/ python3", "#!/usr/bin/env -S -u TOKEN/token python3",
            "#!/usr/bin/env -S --unset=A -C TOKEN python3", "#!/usr/bin/env TOKEN/python3", "#!TOKEN/python3",
            "#!TOKEN/../token/python3", "#!/usr/bin/env -S python3 TOKEN", "#!TOKEN", "#!TOKEN/token",
            "#! \tTOKEN/python3 -S", "#!/usr/bin/../..TOKEN/python3", "#!/proc/self/rootTOKEN/python3", "#!SCRIPT",
            "#!/usr/bin/env\tTOKEN/python3", "#!/usr/bin/env --ignore-environment -S TOKEN/python3", "#!LINK TOKEN",
            "#!/usr/bin/python3 TOKEN/token", "#!/usr/bin/python3\u{0}TOKEN", "#!/usr/bin/env -iSTOKEN/python3",
        ])
    func interpreterLine(line: String) async throws {
        let secrets = try TemporaryDirectory()
        defer { secrets.remove() }
        try secrets.makeDirectory("token")
        try secrets.write("s3cret", to: "token/token", executable: true)
        #expect(symlink("/usr/bin/python3", "\(secrets.path)/token/python3") == 0)
        // A script that is an interpreter, and env with another name.
        try secrets.write("#!\(secrets.path)/token/python3 -S\n", to: "script", executable: true)
        #expect(symlink("/usr/bin/env", "\(secrets.path)/link") == 0)
        let first = line.replacing("TOKEN", with: "\(secrets.path)/token")
            .replacing("SCRIPT", with: "\(secrets.path)/script").replacing("LINK", with: "\(secrets.path)/link")
        let script = first + "\n" + Self.reader
        try await HostFixture.run(
            [:], files: ["generalscaler-plugin-p": script], clock: ManualClock()
        ) {
            $0.protectedPaths = []
        } body: { fixture async throws in
            if try await fixture.health().state == .up {
                #expect(try await read("\(secrets.path)/token/token", fixture) == -Double(EACCES))
            } else {
                let failure = try await failure(fixture)
                #expect(failure.contains("#! line") || failure.contains("Permission denied"), "\(failure)")
            }
        }
    }

    @Test("a linked script in the plugin directory cannot read the directory that the link leads to")
    func linkedProgram() async throws {
        let secrets = try TemporaryDirectory()
        defer { secrets.remove() }
        try secrets.write("s3cret", to: "token")
        try secrets.write("#!/usr/bin/python3 -S\n" + Self.reader, to: "program", executable: true)
        let plugins = try TemporaryDirectory()
        defer { plugins.remove() }
        #expect(symlink("\(secrets.path)/program", "\(plugins.path)/generalscaler-plugin-p") == 0)
        try await HostFixture.run([:]) {
            $0.directories = [plugins.path]
        } body: { fixture async throws in
            #expect(try await read("\(secrets.path)/token", fixture) == -Double(EACCES))
            #expect(try await read("\(secrets.path)/program", fixture) > 0)
        }
    }

    @Test("readPaths cannot open a protected path, a directory above it or one within it")
    func readPaths() async throws {
        let secrets = try TemporaryDirectory()
        defer { secrets.remove() }
        try secrets.makeDirectory("token")
        try secrets.makeDirectory("token/data")
        try secrets.write("s3cret", to: "token/token")
        #expect(symlink("\(secrets.path)/token", "\(secrets.path)/link") == 0)
        #expect(link("\(secrets.path)/token/token", "\(secrets.path)/hard") == 0)
        let token = "\(secrets.path)/token"
        for (readable, protected) in [
            (token, token), ("\(token)/token", token), ("\(token)/data", token), (secrets.path, token),
            ("\(secrets.path)/link", token), ("\(secrets.path)/link/token", token), ("/tmp", token), ("/", token),
            (token, "\(secrets.path)/link"), (secrets.path, "\(secrets.path)/link"),
            ("\(secrets.path)/hard", "\(token)/token"), (token, "\(token)/token"), (token, "\(token)/not-there-yet"),
            ("/proc/self", token), ("/dev/shm", token), ("/dev", token),
        ] {
            let outcome = try await ConfinedProgram.run(
                ["--never", protected, "--read", readable], ["/bin/echo", "started"])
            #expect(outcome.status == .exited(126), "\(readable) with \(protected): \(outcome.output)")
            #expect(outcome.errors.contains("cannot allow \(readable): it "), "\(outcome.errors)")
        }
        // A directory next to it is not refused.
        try secrets.makeDirectory("other")
        let beside = try await ConfinedProgram.run(
            ["--never", token, "--read", "\(secrets.path)/other"], ["/bin/echo", "started"])
        #expect(beside.output == "started\n")
    }

    /// Paths within a directory `d` that holds `token`, `token/..now/token`, `other` and the empty `x` and `y/x`.
    @Test(
        "readPaths cannot open a protected path through a mount of it elsewhere, also below the paths that they name",
        .needs(.mounts),
        arguments: [
            ("token", "x", "x"), ("token", "y/x", "y"), ("token/..now", "x", "x"), ("token/..now", "y/x", "y"),
            ("token/..now/token", "f", "f"), ("token/..now/token", "f", "."), (".", "x", "x"), (".", "y/x", "y"),
            (".", "y/x", "y/x/token/..now"), ("/proc", "y/x", "y"), ("/proc/self", "x", "x"), ("other", "y/x", "y"),
        ])
    func mounts(source: String, place: String, readable: String) async throws {
        let d = try TemporaryDirectory()
        defer { d.remove() }
        for name in ["token", "token/..now", "other", "x", "y", "y/x"] { try d.makeDirectory(name) }
        try d.write("s3cret", to: "token/..now/token")
        try d.write("", to: "f")
        func path(_ name: String) -> String { name.hasPrefix("/") ? name : "\(d.path)/\(name)" }
        let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\""
        let launch = [
            BuiltExecutable.path("generalscaler-launch"), "--never", path("token"), "--read", path(readable), "--",
        ]
        let outcome = try await ConfinedProgram.run(
            KernelFeature.inMountNamespace + ["/bin/sh", "-c", script, "sh", path(source), path(place)] + launch
                + ["/bin/echo", "started"])
        if source == "other" {
            #expect(outcome.output == "started\n", "\(outcome.errors)")
        } else {
            #expect(outcome.status == .exited(126), "\(outcome.output)")
            #expect(outcome.errors.contains("cannot allow \(path(readable)): it "), "\(outcome.errors)")
        }
    }

    @Test("a plugin for which plugins.yaml names a protected path does not start, and its failure gives the reason")
    func manifest() async throws {
        let secrets = try TemporaryDirectory()
        defer { secrets.remove() }
        try secrets.write("s3cret", to: "token")
        let script = "#!/usr/bin/python3 -S\n" + Self.reader
        try await HostFixture.run(
            [:], files: ["generalscaler-plugin-p": script],
            manifest: "plugins: {p: {readPaths: [\(secrets.path)/token]}}", clock: ManualClock()
        ) {
            $0.protectedPaths = [secrets.path]
        } body: { fixture async throws in
            let failure = try await failure(fixture)
            #expect(failure.contains("it is in \(secrets.path); no plugin may read that"), "\(failure)")
        }
    }

    @Test(
        "plugins.yaml in a plugin directory, and a plugin directory that holds the temporary directories, are refused")
    func manifestBesidePlugin() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("#!/usr/bin/python3 -S\n" + Self.reader, to: "generalscaler-plugin-p", executable: true)
        try directory.write("plugins: {p: {}}", to: "plugins.yaml")
        try await HostFixture.run([:], clock: ManualClock()) {
            $0.directories = [directory.path]
            $0.manifest = "\(directory.path)/plugins.yaml"
        } body: { fixture async throws in
            let failure = try await failure(fixture)
            #expect(failure.contains("it holds \(directory.path)/plugins.yaml"), "\(failure)")
        }
        try await HostFixture.run([:], clock: ManualClock()) {
            $0.directories = [directory.path]
            $0.environment["TMPDIR"] = directory.path
        } body: { fixture async throws in
            let failure = try await failure(fixture)
            #expect(failure.contains("it holds \(directory.path)/generalscaler-plugins-"), "\(failure)")
        }
    }

    @Test("a plugin's temporary directory is not accessible to another plugin")
    func otherWorkspace() async throws {
        let script = "#!/usr/bin/python3 -S\n" + Self.reader
        let files = [
            "generalscaler-plugin-p": script, "generalscaler-plugin-q": script.replacing(#""p""#, with: #""q""#),
        ]
        try await HostFixture.run([:], files: files) { fixture async throws in
            let root = try #require(TemporaryDirectory.entries(of: fixture.temporary).first)
            let names = TemporaryDirectory.entries(of: "\(fixture.temporary)/\(root)")
            #expect(names.count == 3)
            let other = try #require(names.first { $0.hasPrefix("q-") })
            let path = "\(fixture.temporary)/\(root)/\(other)/tmp"
            try TemporaryDirectory(existing: path).write("private", to: "f")
            #expect(try await read("\(path)/f", fixture) == -Double(EACCES))
        }
    }

    @Test("the operator's kubeconfig, the files that it names and the webhook's certificates are open to no plugin")
    func operatorFiles() async throws {
        let d = try TemporaryDirectory()
        defer { d.remove() }
        for name in ["tmp", "plugins", "kube", "keys", "webhook"] { try d.makeDirectory(name) }
        try d.write("#!/usr/bin/python3 -S\n" + Self.reader, to: "plugins/reader", executable: true)
        let files = ["kube/config", "keys/token", "keys/key", "keys/certificate", "webhook/tls.key"]
        for file in files { try d.write("s3cret", to: file) }
        // An unused port.
        try d.write(
            """
            {"apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"tokenFile": "../keys/token", "client-key": "../keys/key",
                "client-certificate": "../keys/certificate"}}]}
            """, to: "kube/config")
        let plugins = files.enumerated().map { number, file in
            "  p\(number): {argv: [\(d.path)/plugins/reader], readPaths: [\(d.path)/\(file)]}\n"
        }
        try d.write("plugins:\n" + plugins.joined(), to: "plugins.yaml")
        let arguments = [
            "run", "--kubeconfig", "\(d.path)/kube/config", "--plugin-dir", "\(d.path)/plugins",
            "--plugins-config", "\(d.path)/plugins.yaml", "--listen", "127.0.0.1:0", "--webhook-listen", "127.0.0.1:0",
            "--webhook-certificates", "\(d.path)/webhook",
        ]
        try await RunningProcess.run("generalscaler", arguments, environment: ["TMPDIR": "\(d.path)/tmp"]) { process in
            for file in files {
                try await process.errorLine { $0.contains("cannot allow \(d.path)/\(file): it ") }
            }
        }
    }

    @Test("the standard protected paths are the pod's token and the kubeconfigs that the environment names")
    func standardPaths() {
        let paths = ProtectedPaths.standard(["KUBECONFIG": "/a/b:/c", "HOME": "/home/u"])
        #expect(paths == ["/var/run/secrets/kubernetes.io/serviceaccount", "/a/b", "/c", "/home/u/.kube"])
        #expect(ProtectedPaths.standard([:]) == ["/var/run/secrets/kubernetes.io/serviceaccount"])
        #expect(ProtectedPaths.absolute("x/y").hasSuffix("/x/y"))
    }
}
