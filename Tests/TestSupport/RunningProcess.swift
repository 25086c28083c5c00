package import Subprocess
import Synchronization
import SystemPackage

/// An executable of this package that runs during a test, which reads its lines and ends it.
package final class RunningProcess: Sendable {
    package struct Ended: Error, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        var output: [String] = []
        var errors: [String] = []
        var isOver = false
        var waiters: [Waiter] = []
        var send: (@Sendable (Signal) throws -> Void)?
    }

    private struct Waiter {
        let find: @Sendable (State) -> String?
        let continuation: CheckedContinuation<String?, Never>
    }

    private let name: String
    private let state = Mutex(State())

    private init(name: String) {
        self.name = name
    }

    package var output: [String] { state.withLock(\.output) }
    package var errors: [String] { state.withLock(\.errors) }

    /// Starts the program, runs the body, and ends the program unless the body has ended it.
    ///
    /// - Parameter program: an executable of this package, or the absolute path of another.
    /// - Returns: its termination status.
    @discardableResult
    package static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        _ body: @escaping @Sendable (RunningProcess) async throws -> Void
    ) async throws -> TerminationStatus {
        let process = RunningProcess(name: program)
        var platform = PlatformOptions()
        // Also if the test is cancelled, for example by its time limit.
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]
        let variables = environment.map { (Environment.Key(rawValue: $0.key)!, $0.value as String?) }
        let outcome = try await Subprocess.run(
            .path(FilePath(program.hasPrefix("/") ? program : BuiltExecutable.path(program))),
            arguments: Arguments(arguments),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: variables)), platformOptions: platform,
            input: .none, output: .sequence, error: .sequence
        ) { execution in
            process.state.withLock { $0.send = { try execution.send(signal: $0) } }
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A program that ends before the body has its lines must not keep it waiting.
                    defer { process.end() }
                    async let output: Void = process.read(execution.standardOutput, \.output)
                    try await process.read(execution.standardError, \.errors)
                    try await output
                }
                let result: Result<Void, any Error>
                do { result = .success(try await body(process)) } catch { result = .failure(error) }
                try? execution.send(signal: .terminate)
                try await group.waitForAll()
                return result
            }
        }
        try outcome.takeClosureResult().get()
        return outcome.terminationStatus
    }

    package func send(_ signal: Signal) throws { try state.withLock(\.send)?(signal) }

    /// Returns the first past or future line on standard output that matches.
    @discardableResult
    package func outputLine(where matches: @escaping @Sendable (String) -> Bool) async throws -> String {
        try await line { $0.output.first(where: matches) }
    }

    /// Returns the first, or n-th, past or future line on standard error that matches.
    @discardableResult
    package func errorLine(
        _ count: Int = 1, where matches: @escaping @Sendable (String) -> Bool
    ) async throws -> String {
        try await line { $0.errors.lazy.filter(matches).dropFirst(count - 1).first }
    }

    /// Returns once the program has ended by itself.
    package func untilEnded() async {
        // No line matches.
        _ = try? await line { _ in nil }
    }

    private func line(_ find: @escaping @Sendable (State) -> String?) async throws -> String {
        let line = await withCheckedContinuation { continuation in
            let known: String?? = state.withLock { state in
                if let line = find(state) { return line }
                if state.isOver { return .some(nil) }
                state.waiters.append(Waiter(find: find, continuation: continuation))
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
        guard let line else {
            throw Ended(
                description: "\(name) ended first; its last output: \(errors.suffix(5).joined(separator: "\n"))")
        }
        return line
    }

    private func read(
        _ chunks: SubprocessOutputSequence, _ lines: sending WritableKeyPath<State, [String]>
    ) async throws {
        var rest: [UInt8] = []
        for try await chunk in chunks {
            chunk.withUnsafeBytes { rest.append(contentsOf: $0) }
            while let end = rest.firstIndex(of: 0x0A) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                change { $0[keyPath: lines].append(line) }
            }
        }
    }

    private func end() {
        let waiters = state.withLock { state in
            state.isOver = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }

    private func change(_ body: (inout State) -> Void) {
        let found: [(Waiter, String)] = state.withLock { state in
            body(&state)
            let waiters = state.waiters
            state.waiters = waiters.filter { $0.find(state) == nil }
            return waiters.compactMap { waiter in waiter.find(state).map { (waiter, $0) } }
        }
        for (waiter, line) in found { waiter.continuation.resume(returning: line) }
    }
}
