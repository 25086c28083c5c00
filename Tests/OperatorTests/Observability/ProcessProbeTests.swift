import Foundation
import Testing

@testable import Operator

@Suite("Resource usage of the process")
struct ProcessProbeTests {
    /// Creates a directory that looks like `/proc` and reads it.
    private func probe(stat: String?, boot: String?, descriptors: [String]) throws -> ProcessUsage {
        let root = URL.temporaryDirectory.appending(path: "process-probe-\(UUID())")
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(at: root.appending(path: "self/fd"), withIntermediateDirectories: true)
        try stat.map { try Data($0.utf8).write(to: root.appending(path: "self/stat")) }
        try boot.map { try Data($0.utf8).write(to: root.appending(path: "stat")) }
        for name in descriptors { try Data().write(to: root.appending(path: "self/fd/\(name)")) }
        return ProcessProbe(root: root.path).usage()
    }

    @Test("the process's CPU time, memory and descriptors are read, for every name of the program")
    func fields() throws {
        let stat =
            "42 (a) R 1 (b) S 1 42 42 0 -1 4194560 3301 0 7 0 1237 405 0 0 20 0 9 0 8733107 1234567168 9766 "
            + "18446744073709551615 1 1 0 0 0 0 0\n"
        // Descriptors with numbers that this process does not use.
        let usage = try probe(
            stat: stat, boot: "cpu  1 2 3\nintr 5 0 0\nctxt 9\nbtime 1790000000\n",
            descriptors: ["900001", "900002", "900003"])
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        #expect(usage.cpuSeconds == (1237 + 405) / ticks)
        #expect(usage.startTime == 1_790_000_000 + 8_733_107 / ticks)
        #expect(usage.virtualBytes == 1_234_567_168)
        #expect(usage.residentBytes == 9766 * Double(sysconf(Int32(_SC_PAGESIZE))))
        #expect(usage.openDescriptors == 3)
    }

    @Test(
        "a process value that the kernel does not report is unknown, not 0",
        arguments: [nil, "", "42 (a", "42 (a) S", "42 (a) S 1 42 42 0 -1 4194560 x"])
    func unknown(stat: String?) throws {
        let usage = try probe(stat: stat, boot: "cpu 1\n", descriptors: [])
        #expect(usage.cpuSeconds == nil)
        #expect(usage.startTime == nil)
        #expect(usage.virtualBytes == nil)
        #expect(usage.residentBytes == nil)
        #expect(usage.openDescriptors == 0)
    }

    @Test("every value of the test process itself is known and plausible on Linux")
    func real() throws {
        let usage = ProcessProbe().usage()
        #expect(try #require(usage.cpuSeconds) > 0)
        #expect(try #require(usage.residentBytes) > 1_000_000)
        #expect(try #require(usage.virtualBytes) > usage.residentBytes ?? 0)
        #expect(try #require(usage.openDescriptors) >= 3)
        #expect(try #require(usage.startTime) < Date.now.timeIntervalSince1970)
        #expect(try #require(usage.startTime) > Date.now.timeIntervalSince1970 - 86_400)
    }
}
