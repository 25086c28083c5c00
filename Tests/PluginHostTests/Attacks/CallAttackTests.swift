import Glibc
import TestSupport
import Testing

@testable import PluginHost

/// Makes each forbidden system call in a process that is confined like plugins (`call-prober`).
@Suite("A hostile plugin's system calls", .timeLimit(.minutes(5)), .needs(.seccomp))
struct CallAttackTests {
    /// The lines of call_rules.h.
    private static let rules: [CallRule] = CallRule.all()

    /// The prober's result of each call, by label.
    private struct Report: Sendable {
        let found: [String: Int32]
        /// Whether the file on which the calls were tried is unchanged.
        let isFileUnchanged: Bool
    }

    private static let confined = Task { try await report(isConfined: true) }
    private static let unconfined = Task { try await report(isConfined: false) }

    private static func report(isConfined: Bool) async throws -> Report {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write("hello", to: "file")
        let file = "\(directory.path)/file"
        let before = ProgramFile.Fingerprint(file)
        let prober = BuiltExecutable.path("call-prober")
        let command = [prober, "\(getpid())", file]
        let outcome =
            isConfined
            ? try await ConfinedProgram.run(["--read", prober, "--read", file], command)
            : try await ConfinedProgram.run(command)
        var found: [String: Int32] = [:]
        for line in outcome.output.split(separator: "\n") {
            let columns = line.split(separator: "\t")
            if columns.count == 3 { found[String(columns[0])] = Int32(columns[2]) }
        }
        return Report(found: found, isFileUnchanged: ProgramFile.Fingerprint(file) == before)
    }

    @Test("a system call in the table of refused calls fails with the error that the table lists", arguments: rules)
    func refused(rule: CallRule) async throws {
        guard !rule.isForChildlessPlugins else { return try await expectRefusedWithoutChildren(rule.label) }
        let report = try await Self.confined.value
        #expect(report.found[rule.label] == rule.error)
        // If an older or a nested sandbox refuses the call anyway, this test proves nothing.
        let without = try await Self.unconfined.value.found[rule.label]
        #expect(without != rule.error || rule.error == ENOSYS || rule.label.hasPrefix("ioctl FS_") || Self.isFiltered)
    }

    private func expectRefusedWithoutChildren(_ label: String) async throws {
        let prober = BuiltExecutable.path("call-prober")
        let command = [prober, "\(getpid())", "/dev/null", label]
        let allowed = try await ConfinedProgram.run(["--read", prober], command)
        #expect(allowed.output == "\(label)\t\(EPERM)\t0\n")
        let refused = try await ConfinedProgram.run(["--read", prober, "--children", "none"], command)
        #expect(refused.output == "\(label)\t\(EPERM)\t\(EPERM)\n")
    }

    /// Whether this process itself runs with a filter, as in a container.
    private static let isFiltered =
        String(decoding: ProcessTable.contents("/proc/self/status") ?? [], as: UTF8.self).contains("Seccomp:\t2")

    @Test("the table of refused system calls is complete, and the prober has a call for each entry")
    func table() async throws {
        #expect(Self.rules.count > 100)
        #expect(Set(Self.rules.map(\.label)).count == Self.rules.count)
        let found = try await Self.confined.value.found
        #expect(Self.rules.filter { found[$0.label] == nil }.map(\.label).isEmpty)
        // A line that is lost would take its test with it.
        let labels = try await ConfinedProgram.run([BuiltExecutable.path("call-prober"), "labels"]).output
        #expect(Set(labels.split(separator: "\n").map(String.init)) == Set(Self.rules.map(\.label)))
    }

    @Test("a confined process changes neither mode nor times of a file that it may only read")
    func fileStays() async throws {
        #expect(try await Self.confined.value.isFileUnchanged)
        #expect(try await !Self.unconfined.value.isFileUnchanged)
    }

    @Test(
        "a system call that is newer than the filter, or an old one under another number, fails with ENOSYS",
        arguments: ["newer call", "much newer call", "x32 call", "i386 call"])
    func unknown(label: String) async throws {
        #expect(try await Self.confined.value.found[label] == ENOSYS)
    }

    @Test(
        "a confined process sets no priority of the operator's process",
        arguments: ["operator's priority", "operator's I/O priority"])
    func priority(label: String) async throws {
        #expect(try await Self.confined.value.found[label] == EPERM)
        #expect(try await Self.unconfined.value.found[label] != EPERM)
    }

    @Test(
        "a confined process sets its own priority, limits and cores, and has children, groups and threads",
        arguments: ["own priority", "own limit", "own cores", "own group", "own child", "thread"])
    func allowed(label: String) async throws {
        #expect(try await Self.confined.value.found[label] == 0)
    }

    @Test("a confined plugin cannot open a descriptor of the guard process")
    func guardProcess() async throws {
        // Unlike signals, pidfd_open is not covered by Landlock.
        let script = """
            import os, sys
            try: print(os.pidfd_open(int(sys.argv[1])) > 0)
            except OSError as e: print(e.errno)
            """
        func attempt(_ options: [String]) async throws -> String {
            // With a shell in between, this process is not the launcher's parent.
            let launcher = [BuiltExecutable.path("generalscaler-launch")] + options + ["--"]
            let words = launcher + ["/usr/bin/python3", "-Sc", script, "\(getpid())"]
            return try await ConfinedProgram.run(["/bin/sh", "-c", "\"$@\"; exit $?", "sh"] + words).output
        }
        #expect(try await attempt([]) == "True\n")
        #expect(try await attempt(["--guard-process", "\(getpid())"]) == "\(EPERM)\n")
    }

    @Test("the guard's process group is out of a plugin's reach on a kernel without Landlock")
    func guardGroup() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        try directory.write(SandboxTests.hidingLandlock, to: "launch", executable: true)
        // No such group exists, so that the call is harmless if it is allowed.
        let absent = 1 << 22
        let script = """
            import os, sys
            try: os.kill(-int(sys.argv[1]), 0)
            except OSError as e: print(e.errno)
            """
        func attempt(_ guardProcess: Int) async throws -> String {
            let words = ["--guard-process", "\(guardProcess)", "--", "/usr/bin/python3", "-Sc", script, "\(absent)"]
            return try await ConfinedProgram.run(["\(directory.path)/launch"] + words).output
        }
        #expect(try await attempt(absent - 1) == "\(ESRCH)\n")
        #expect(try await attempt(absent) == "\(EPERM)\n")
    }
}

/// A line of call_rules.h.
struct CallRule: Sendable, CustomTestStringConvertible {
    /// The call, and the value that its condition compares, if any.
    let label: String
    let error: Int32
    let isForChildlessPlugins: Bool

    var testDescription: String { label }

    static func all() -> [CallRule] {
        let root = (0..<4).reduce(#filePath) { path, _ in ProgramFile.directory(of: path) }
        let path = "\(root)/Sources/generalscaler-launch/call_rules.h"
        let errors: [Substring: Int32] = ["0": 0, "EPERM": EPERM, "ENOSYS": ENOSYS, "EOPNOTSUPP": EOPNOTSUPP]
        let text = String(decoding: ProcessTable.contents(path) ?? [], as: UTF8.self)
        var isLegacy = false
        return text.split(separator: "\n").compactMap { line in
            if line.hasPrefix("#if") { isLegacy = true }
            if line.hasPrefix("#endif") { isLegacy = false }
            guard line.hasPrefix("RULE("), let end = line.firstIndex(of: ")"), !(isLegacy && isArm) else { return nil }
            let words = line[line.index(line.startIndex, offsetBy: 5)..<end].split(separator: ",").map {
                $0.drop { $0 == " " }
            }
            guard words.count == 4, let error = errors[words[3]] else { return nil }
            return CallRule(
                label: words[2] == "0" ? "\(words[0])" : "\(words[0]) \(words[2])", error: error,
                isForChildlessPlugins: ["LACKS_FLAG", "NO_CHILDREN"].contains(words[1]))
        }
    }

    private static var isArm: Bool {
        #if arch(arm64)
            true
        #else
            false
        #endif
    }
}
