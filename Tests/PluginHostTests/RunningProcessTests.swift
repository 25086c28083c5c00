import TestSupport
import Testing

@Suite("A program that runs beside a test", .timeLimit(.minutes(1)))
struct RunningProcessTests {
    @Test("waiting for a line of a program that ends first fails with the program's last output")
    func ended() async throws {
        let error = try await #require(throws: RunningProcess.Ended.self) {
            try await RunningProcess.run("/bin/sh", ["-c", "echo no thread left >&2; exit 7"]) { process in
                try await process.errorLine { $0.contains("ready") }
            }
        }
        #expect(error.description == "/bin/sh ended first; its last output: no thread left")
    }
}
