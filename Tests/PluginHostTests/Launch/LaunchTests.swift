import Glibc
import PluginProtocol
import Subprocess
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Launching plugins", .timeLimit(.minutes(5)))
struct LaunchTests {
    /// Checks a script that begins with that line, and returns the problem.
    private func problem(_ head: String, path: String = "/usr/bin:/bin", readPaths: [String]? = []) throws -> String? {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(head, to: "script", executable: true)
        do throws(LaunchProblem) {
            try Interpreter(searchPath: path, readPaths: readPaths).check("\(directory.path)/script")
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        "a script's interpreter may be a program of the system, given by its path or by env and a plain name",
        arguments: [
            "#!/bin/sh -e\nexit", "#! /usr/bin/env python3\n", "#!/usr/bin/env\tpython3 \t\n", "#!/bin/sh", "\u{7F}ELF",
            "",
        ])
    func interpreters(head: String) throws {
        #expect(try problem(head) == nil)
    }

    @Test(
        "a #! line that Linux would not follow, or that gives env more than a name, is refused",
        arguments: [
            ("#!\n", "names no interpreter"), ("#!/bin/sh\r\n", "carriage return"),
            ("#!/nonexistent/ruby\n", "which does not exist"), ("#!bin/sh\n", "which does not exist"),
            ("#!/usr/bin/env ruby-of-nobody\n", "which does not exist"), ("#!/usr/bin\n", "not an executable file"),
            ("#!/usr/share\n", "not an executable file"), ("#!/usr/bin/env\n", "gives env \"\""),
            ("#!/usr/bin/env -S python3 -S\n", "gives env"), ("#!/usr/bin/env A=1\n", "gives env"),
            ("#!/usr/bin/env python3 -S\n", "gives env"), ("#!/usr/bin/env /bin/sh\n", "gives env"),
            ("#!/usr/bin/env ../bin/sh\n", "gives env"), ("#!/usr/bin/env ..\n", "gives env"),
            ("#!/usr/bin/env py\u{7}thon\n", "control characters"),
            ("#!/bin/sh " + String(repeating: "x", count: 246) + "\n", "longer than 255 bytes"),
        ])
    func refusedLines(head: String, reason: String) throws {
        #expect(try problem(head)?.contains(reason) == true)
    }

    @Test("a #! line of 255 bytes is accepted")
    func longestLine() throws {
        let head = "#!/bin/sh " + String(repeating: "x", count: 245)
        #expect(try problem(head + "\n") == nil)
        #expect(try problem(head) == nil)
    }

    @Test("an interpreter outside of the system's directories must be in readPaths, with its real path")
    func interpretersElsewhere() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("\u{7F}ELF", to: "ruby", executable: true)
        #expect(symlink("/bin/sh", "\(directory.path)/link") == 0)
        #expect(try problem("#!\(directory.path)/ruby\n")?.contains("add its directory to readPaths") == true)
        #expect(try problem("#!\(directory.path)/ruby\n", readPaths: [directory.path]) == nil)
        #expect(try problem("#!\(directory.path)/ruby\n", readPaths: ["\(directory.path)/rub"]) != nil)
        #expect(try problem("#!\(directory.path)/ruby\n", readPaths: nil) == nil)
        // The real location of the program counts.
        #expect(try problem("#!\(directory.path)/link\n") == nil)
        // env finds the program only if the plugin may run it.
        let path = "\(directory.path):/usr/bin"
        #expect(try problem("#!/usr/bin/env ruby\n", path: path)?.contains("which does not exist") == true)
        #expect(try problem("#!/usr/bin/env ruby\n", path: path, readPaths: [directory.path]) == nil)
        #expect(Interpreter(searchPath: "relative::\(path)", readPaths: []).searchPath == "/usr/bin")
        #expect(Interpreter(searchPath: directory.path, readPaths: []).searchPath == Interpreter.defaultSearchPath)
    }

    @Test("interpreters that are scripts are checked too, up to four levels")
    func nestedScripts() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("#!/bin/sh\n", to: "1", executable: true)
        for level in 2...4 {
            try directory.write("#!\(directory.path)/\(level - 1)\n", to: "\(level)", executable: true)
        }
        #expect(try problem("#!\(directory.path)/3\n", readPaths: [directory.path]) == nil)
        #expect(try problem("#!\(directory.path)/4\n", readPaths: [directory.path])?.contains("4 levels") == true)
        try directory.write("#!/usr/bin/env -S sh\n", to: "1", executable: true)
        #expect(try problem("#!\(directory.path)/1\n", readPaths: [directory.path])?.contains("gives env") == true)
    }

    @Test("a pinned program runs from a copy; with another hash it does not start, and the error shows the actual hash")
    func pinned() async throws {
        let script = PluginScript(
            types: ["p"], body: #"    ok(m, reading(1 if "/bin/generalscaler" in sys.argv[0] else 0))"#)
        // The actual hash of the text is taken from the failure.
        let wrong = String(repeating: "0", count: 64)
        var found = ""
        try await HostFixture.run(
            ["p": script], manifest: "plugins: {p: {sha256: '\(wrong)'}}", clock: ManualClock()
        ) { fixture async throws in
            let failure = try #require(try await fixture.health().lastFailure)
            #expect(failure.contains("plugins.yaml pins \(wrong)"))
            found = try #require(failure.split(separator: " ").last.map(String.init))
            #expect(try await fixture.health().state == .backingOff)
        }
        #expect(found.count == 64 && found != wrong)
        try await HostFixture.run(["p": script], manifest: "plugins: {p: {sha256: '\(found.uppercased())'}}") {
            fixture async throws in
            let reading = try await fixture.host.read(
                type: "p", config: [:], targetType: .value, timeout: .seconds(30))
            #expect(reading.value == 1)
        }
    }

    @Test("the hash of a pinned program is its SHA-256 as FIPS 180-4 defines it")
    func knownHash() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("abc", to: "f")
        let workspace = try PluginWorkspace(of: "p", in: directory.path)
        // FIPS 180-4, the example of one block.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        let copy = try workspace.pin("\(directory.path)/f", sha256: hash)
        #expect(ProgramFile.name(of: copy) == "f")
    }

    @Test("a script whose interpreter is missing is reported with the path of the interpreter")
    func missingInterpreter() async throws {
        try await HostFixture.run(
            [:], files: ["generalscaler-plugin-p": "#!/nonexistent/ruby\n"], clock: ManualClock()
        ) { fixture async throws in
            #expect(
                try await fixture.health().lastFailure?.contains("names /nonexistent/ruby, which does not exist")
                    == true)
        }
    }

    @Test(
        "a script with a carriage return or byte order mark in its #! line is reported with how to save it",
        arguments: [
            ("#!/bin/sh\r\nexit\r\n", "save the file with Unix line endings"),
            ("#!/usr/bin/env sh\r\n", "save the file with Unix line endings"),
            ("#!/bin/sh -e\r\n", "save the file with Unix line endings"),
            ("\u{FEFF}#!/bin/sh\n", "save it as UTF-8 without one"),
        ])
    func savedWrongly(text: String, hint: String) throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(text, to: "p", executable: true)
        let problem = #expect(throws: LaunchProblem.self) {
            try ProgramFile(
                "\(directory.path)/p", interpreter: Interpreter(searchPath: "/usr/bin:/bin", readPaths: []))
        }
        #expect(problem?.description.contains(hint) == true)
    }

    @Test("a program that is still open for writing is run once it is closed")
    func busyProgram() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(PluginScript(types: ["p"]).text, to: "program", executable: true)
        let program = "\(directory.path)/program"
        let clock = ManualClock()
        // In a separate process: a child that another test starts at that moment would have a copy of a descriptor of
        // this process.
        try await RunningProcess.run("/usr/bin/python3", ["-c", Self.fileHolder, program]) { holder async throws in
            try await holder.outputLine { $0 == "open" }
            try await HostFixture.run(
                [:], manifest: "plugins: {p: {argv: [\(program)], confined: false}}", clock: clock,
                waitsForStart: false
            ) { fixture async throws in
                try await clock.sleeper(dueIn: PluginHostLimits.busyProgramInterval)
                try holder.send(.userDefinedOne)
                try await holder.outputLine { $0 == "closed" }
                clock.advance(by: PluginHostLimits.busyProgramInterval)
                await fixture.host.untilStarted()
                #expect(try await fixture.health().state == .up)
            }
        }
    }

    /// Keeps a file open for writing until SIGUSR1.
    private static let fileHolder = """
        import signal, sys
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        with open(sys.argv[1], "a"):
            print("open", flush=True)
            signal.sigwait([signal.SIGUSR1])
        print("closed", flush=True)
        signal.pause()
        """

    @Test(
        "a program that stays open for writing is reported as such, by the host and by the launcher",
        arguments: [true, false])
    func alwaysBusy(isConfined: Bool) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(PluginScript(types: ["p"]).text, to: "program", executable: true)
        let descriptor = open("\(directory.path)/program", O_WRONLY | O_APPEND | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let start = ContinuousClock.now
        try await HostFixture.run(
            [:], manifest: "plugins: {p: {argv: [\(directory.path)/program], confined: \(isConfined)}}",
            launcher: BuiltExecutable.path("generalscaler-launch")
        ) { fixture async throws in
            let failure = try #require(try await fixture.health().lastFailure)
            #expect(failure.contains(isConfined ? "Text file busy" : "open for writing"), "\(failure)")
            // The start was retried until then.
            #expect(ContinuousClock.now - start >= PluginHostLimits.busyProgramTime)
        }
    }

    @Test("a host without plugins runs until it is stopped, and logs that it has none")
    func noPlugins() async throws {
        try await HostFixture.run([:]) { fixture async throws in
            let failure = await #expect(throws: PluginFailure.self) {
                try await fixture.host.read(type: "p", config: [:], targetType: .value, timeout: .seconds(30))
            }
            #expect(failure?.kind == .unknownType)
            await fixture.log.wait(message: "no plugin found; no metric can be read")
        }
    }

    @Test("the manifest's fields are read, and an invalid one is reported with its line")
    func manifest() throws {
        let text = """
            plugins:
              a:
                mode: oneshot
                sha256: \(String(repeating: "Ab", count: 32))
                confined: no
                readPaths: [/etc/token, /srv]
                children: false
                limits: {memoryMiB: 64, addressSpaceMiB: 128, openFiles: 32, processes: 7, temporaryMiB: 3}
            """
        let entry = try #require(try PluginManifest(parsing: text, path: "f").plugins["a"])
        #expect(entry.mode == .oneshot)
        #expect(entry.sha256 == String(repeating: "ab", count: 32))
        #expect(!entry.isConfined)
        #expect(entry.readPaths == ["/etc/token", "/srv"])
        #expect(entry.mayHaveChildren == false)
        #expect(
            entry.limits
                == PluginLimits(addressSpaceMiB: 128, memoryMiB: 64, openFiles: 32, processes: 7, temporaryMiB: 3))
        for (field, message) in [
            ("mode: twice", "must be serve or oneshot"), ("sha256: abc", "64 hexadecimal digits"),
            ("confined: maybe", "true or false"), ("readPaths: [etc]", "absolute paths"),
            ("readPaths: [/]", "absolute paths"), ("limits: {openFiles: 1}", "from 16 to"),
            ("limits: {cpu: 1}", "known fields: addressSpaceMiB, memoryMiB, openFiles"),
            ("limits: {processes: 0}", "from 1 to"), ("limits: {temporaryMiB: 0}", "from 1 to"),
            ("children: maybe", "true or false"),
        ] {
            let error = #expect(throws: PluginHostError.self) {
                try PluginManifest(parsing: "plugins:\n  a:\n    \(field)", path: "f")
            }
            #expect(error?.description.hasPrefix("f:3: plugins.a.") == true, "\(field): \(error?.description ?? "")")
            #expect(error?.description.contains(message) == true, "\(field): \(error?.description ?? "")")
        }
    }
}
