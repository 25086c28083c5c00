import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// Requests that block a thread. Calls that need the same value share a request, which starts after the last of them
/// arrived.
final class SharedLookups<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Answer = Result<Value, KafkaFailure>

    private struct Waiter {
        let deadline: ContinuousClock.Instant
        let promise: AsyncPromise<Value>
    }

    private let threads: WorkerThreads
    /// Those that wait for the next request; empty while the last one runs.
    private let waiters = Mutex<[Key: [Waiter]]>([:])

    init(_ threads: WorkerThreads) {
        self.threads = threads
    }

    /// - Parameter request: sends the request and waits for its answer, with the time left.
    func value(
        for key: Key, _ call: KafkaCall, _ request: @escaping @Sendable (Duration) -> Answer
    ) async throws(KafkaFailure) -> Value {
        try await call.answer { promise in
            let isFirst = waiters.withLock { waiters in
                let isFirst = waiters[key] == nil
                waiters[key, default: []].append(Waiter(deadline: call.deadline, promise: promise))
                return isFirst
            }
            if isFirst { threads.start { self.run(key, request) } }
        }
    }

    private func run(_ key: Key, _ request: @Sendable (Duration) -> Answer) {
        while true {
            let batch = waiters.withLock { waiters -> [Waiter] in
                let batch = waiters[key] ?? []
                waiters[key] = batch.isEmpty ? nil : []
                return batch
            }
            guard let deadline = batch.map(\.deadline).max() else { return }
            let timeLeft = deadline - .now
            let answer =
                timeLeft > .zero
                ? request(timeLeft)
                : .failure(
                    KafkaFailure(PluginError(.sourceUnreachable, "the cluster did not answer in time"), isSilence: true)
                )
            for waiter in batch { waiter.promise.fulfill(answer.mapError { $0 }) }
        }
    }
}
