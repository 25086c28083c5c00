import CLinux
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// The assumptions of the tests' own fixtures.
@Suite("programs that a test writes", .timeLimit(.minutes(3)))
struct ExecutableFileTests {
    private static let repetitions = 200
    private static let threads = 3

    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    /// Runs the program to its end; returns the error of its start, or 0.
    private static func run(_ path: String) -> Int32 {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { close(null) }
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        defer { free(arguments[0]) }
        var process = pid_t()
        let code = clinux_spawn(&process, path, &arguments, &environment, null, null, null)
        var status: Int32 = 0
        if code == 0 { waitpid(process, &status, 0) }
        return code
    }

    @Test("a program that a test writes can be run immediately, even while other threads start processes")
    func runs() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let isOver = Flag()
        let (ends, ended) = AsyncStream<Void>.makeStream()
        for _ in 0..<Self.threads {
            // Not a task, which would block one of the few task threads.
            Thread.detachNewThread {
                while !isOver.isSet.load(ordering: .relaxed) { _ = Self.run("/bin/true") }
                ended.yield()
            }
        }
        var codes: Set<Int32> = []
        for number in 0..<Self.repetitions {
            let path = "\(directory.path)/program-\(number)"
            #expect(throws: Never.self) { try ExecutableFile.write("#!/bin/sh\nexit 0\n", to: path) }
            codes.insert(Self.run(path))
            unlink(path)
        }
        isOver.isSet.store(true, ordering: .relaxed)
        var endings = ends.makeAsyncIterator()
        for _ in 0..<Self.threads { await endings.next() }
        #expect(codes == [0])
    }
}
