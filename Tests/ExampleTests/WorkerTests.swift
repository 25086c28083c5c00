import Subprocess
import TestSupport
import Testing

/// Returns the environment of the worker's executable with a real Redis.
@Suite(.serialized, .timeLimit(.minutes(4))) struct WorkerTests {
    private func environment(_ server: RedisServer, name: String, workMilliseconds: Int) -> Environment {
        .inherit.updating([
            "PATH": BuiltExecutable.directory, "REDIS_PORT": "\(server.port)", "WORKER_NAME": name,
            "WORK_MILLISECONDS": "\(workMilliseconds)", "ALIVE_SECONDS": "1",
        ])
    }

    /// Starts a worker and calls `body` with each line of its output until it returns true; then sends the signal.
    private func work(
        _ server: RedisServer, name: String, workMilliseconds: Int = 1, end signal: Signal,
        until isDone: (String) async throws -> Bool
    ) async throws {
        let outcome = try await Subprocess.run(
            .name("worker"), environment: environment(server, name: name, workMilliseconds: workMilliseconds),
            input: .none, output: .sequence, error: .discarded
        ) { execution -> Result<Void, any Error> in
            var output = execution.standardOutput.makeAsyncIterator()
            let result: Result<Void, any Error>
            do {
                var text = ""
                while try await !isDone(text), let chunk = try await output.next() {
                    text += chunk.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                }
                result = .success(())
            } catch {
                result = .failure(error)
            }
            try execution.send(signal: signal)
            while try await output.next() != nil {}
            return result
        }
        try outcome.takeClosureResult().get()
    }

    @Test("jobs are processed in order, and stopping a worker loses none")
    func jobsProcessedOrder() async throws {
        try await RedisServer.run { server in
            for job in 1...5 { try await server.command("LPUSH", "jobs", "job-\(job)") }
            try await work(server, name: "a", end: .terminate) { text in
                text.contains("job-5\n")
            }
            #expect(try await server.command("KEYS", "*") == "")
        }
    }

    @Test("the job of a worker that died is processed by another")
    func jobWorkerDied() async throws {
        try await RedisServer.run { server in
            try await server.command("LPUSH", "jobs", "precious")
            // Killed while it processes a job.
            try await work(server, name: "a", workMilliseconds: 60_000, end: .kill) { _ in
                var waiting = "1"
                while waiting != "0" { waiting = try await server.command("LLEN", "jobs") }
                return true
            }
            #expect(try await server.command("LRANGE", "jobs:in-hand:a", "0", "-1") == "precious")
            try await work(server, name: "b", end: .terminate) { text in text.contains("done: precious\n") }
            #expect(try await server.command("LLEN", "jobs:in-hand:a") == "0")
            #expect(try await server.command("LLEN", "jobs") == "0")
        }
    }
}
