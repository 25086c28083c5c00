import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("What is launched", .timeLimit(.minutes(5)))
struct LaunchTests {
    @Test("The line of a script names its interpreters, through env or not")
    func interpreters() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("", to: "python3", executable: true)
        let path = "/nonexistent:\(directory.path)"
        func programs(_ head: String) -> [String]? { Interpreter(head: head.utf8, searchPath: path)?.programs }
        #expect(programs("#!/bin/sh -e\nexit") == ["/bin/sh"])
        #expect(programs("#! /usr/bin/env python3\n") == ["/usr/bin/env", "\(directory.path)/python3"])
        #expect(programs("#!/usr/bin/env -S A=1 python3 -S\r\n") == ["/usr/bin/env", "\(directory.path)/python3"])
        #expect(programs("#!/usr/bin/env ruby\n") == ["/usr/bin/env", "ruby"])
        #expect(programs("\u{7F}ELF") == nil)
        #expect(Interpreter(head: "#!/usr/bin/env ruby\n".utf8, searchPath: path)?.missing == "ruby")
    }

    @Test(
        "An interpreter's directory is its installation, but never a whole home",
        arguments: [
            ("/srv/python/bin/python3", "/srv/python"), ("/h/.pyenv/shims/python3", "/h/.pyenv"),
            ("/usr/bin/bash", "/usr"), ("/home/u/bin/python3", "/home/u/bin"), ("/h/bin/python3", "/h/bin"),
            ("/srv/tools/python3", "/srv/tools"), ("/bin/sh", "/bin"),
        ])
    func prefix(program: String, directory: String) {
        #expect(Interpreter.prefix(of: program) == directory)
    }

    @Test("A pinned program runs from a copy; with other bytes it does not start, and says which are there")
    func pinned() async throws {
        let script = PluginScript(
            types: ["p"], body: #"    ok(m, reading(1 if "/bin/generalscaler" in sys.argv[0] else 0))"#)
        // sha256sum of the text, which the test itself learns from the failure.
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

    @Test("The bytes that are hashed are those of SHA-256's definition")
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

    @Test("A script whose interpreter is missing says so")
    func missingInterpreter() async throws {
        try await HostFixture.run(
            [:], files: ["generalscaler-plugin-p": "#!/nonexistent/ruby\n"], clock: ManualClock()
        ) { fixture async throws in
            #expect(
                try await fixture.health().lastFailure?.contains("names /nonexistent/ruby, which is not there") == true)
        }
    }

    @Test(
        "a script that was saved as the kernel cannot read it says how to save it",
        arguments: [
            ("#!/bin/sh\r\nexit\r\n", "save it with Unix line ends (LF)"),
            ("#!/usr/bin/env sh\r\n", "save it with Unix line ends (LF)"),
            ("#!/bin/sh -e\r\n", "save it with Unix line ends (LF)"),
            ("\u{FEFF}#!/bin/sh\n", "save it as UTF-8 without one"),
        ])
    func savedWrongly(text: String, hint: String) throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(text, to: "p", executable: true)
        let problem = #expect(throws: LaunchProblem.self) {
            try ProgramFile("\(directory.path)/p", searchPath: "/usr/bin:/bin")
        }
        #expect(problem?.description.contains(hint) == true)
    }

    @Test("a carriage return that env takes for a blank does no harm")
    func splitByEnv() throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("#!/usr/bin/env -S sh -e\r\n", to: "p", executable: true)
        #expect(throws: Never.self) { try ProgramFile("\(directory.path)/p", searchPath: "/usr/bin:/bin") }
    }

    @Test("a program that somebody still has open for writing is run once it is closed")
    func busyProgram() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(PluginScript(types: ["p"]).text, to: "program", executable: true)
        let descriptor = open("\(directory.path)/program", O_WRONLY | O_APPEND | O_CLOEXEC)
        try #require(descriptor >= 0)
        let clock = ManualClock()
        try await HostFixture.run(
            [:], manifest: "plugins: {p: {argv: [\(directory.path)/program], confined: false}}", clock: clock,
            waitsForStart: false
        ) { fixture async throws in
            try await clock.sleeper(dueIn: PluginHostLimits.busyProgramInterval)
            close(descriptor)
            clock.advance(by: PluginHostLimits.busyProgramInterval)
            await fixture.host.untilStarted()
            #expect(try await fixture.health().state == .up)
        }
    }

    @Test(
        "a program that stays open for writing is told as such, by the host and by the launcher",
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
            // It was tried again until then.
            #expect(ContinuousClock.now - start >= PluginHostLimits.busyProgramTime)
        }
    }

    @Test("a host without plugins runs until it is told to stop, and says that it has none")
    func noPlugins() async throws {
        try await HostFixture.run([:]) { fixture async throws in
            let failure = await #expect(throws: PluginFailure.self) {
                try await fixture.host.read(type: "p", config: [:], targetType: .value, timeout: .seconds(30))
            }
            #expect(failure?.kind == .unknownType)
            await fixture.log.wait(message: "No plugin found, so that no metric can be read")
        }
    }

    @Test("The manifest's fields are read, and a wrong one is told with its line")
    func manifest() throws {
        let text = """
            plugins:
              a:
                mode: oneshot
                sha256: \(String(repeating: "Ab", count: 32))
                confined: no
                readPaths: [/etc/token, /srv]
                limits: {memoryMiB: 64, addressSpaceMiB: 128, openFiles: 32}
            """
        let entry = try #require(try PluginManifest(parsing: text, path: "f").plugins["a"])
        #expect(entry.mode == .oneshot)
        #expect(entry.sha256 == String(repeating: "ab", count: 32))
        #expect(!entry.isConfined)
        #expect(entry.readPaths == ["/etc/token", "/srv"])
        #expect(entry.limits == PluginLimits(addressSpaceMiB: 128, memoryMiB: 64, openFiles: 32))
        for (field, message) in [
            ("mode: twice", "must be serve or oneshot"), ("sha256: abc", "64 hexadecimal digits"),
            ("confined: maybe", "true or false"), ("readPaths: [etc]", "absolute paths"),
            ("readPaths: [/]", "absolute paths"), ("limits: {openFiles: 1}", "from 16 to"),
            ("limits: {cpu: 1}", "known here: addressSpaceMiB, memoryMiB, openFiles"),
        ] {
            let error = #expect(throws: PluginHostError.self) {
                try PluginManifest(parsing: "plugins:\n  a:\n    \(field)", path: "f")
            }
            #expect(error?.description.hasPrefix("f:3: plugins.a.") == true, "\(field): \(error?.description ?? "")")
            #expect(error?.description.contains(message) == true, "\(field): \(error?.description ?? "")")
        }
    }
}
