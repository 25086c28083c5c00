import Synchronization

/// A semaphore: limits concurrent access. Waiters are resumed in FIFO order.
package final class AsyncSemaphore: Sendable {
    private struct State {
        var free: Int
        var lastID: UInt64 = 0
        /// The queue of waiters in FIFO order; includes cancelled ones.
        var line = FIFO<UInt64>()
        var waiters: [UInt64: CheckedContinuation<Bool, Never>] = [:]

        mutating func popFirst() -> CheckedContinuation<Bool, Never>? {
            while let id = line.popFirst() {
                if let waiter = waiters.removeValue(forKey: id) { return waiter }
            }
            return nil
        }
    }

    private let state: Mutex<State>

    package init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// - Throws: what the body throws, or `CancellationError` if the task is cancelled while it waits.
    package func withPermit<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        guard await take() else { throw CancellationError() }
        defer { release() }
        return try await body()
    }

    private func take() async -> Bool {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    guard state.free > 0 else {
                        state.line.append(id)
                        state.waiters[id] = continuation
                        return nil
                    }
                    state.free -= 1
                    return true
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: false)
        }
    }

    private func release() {
        let next = state.withLock { state in
            let next = state.popFirst()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume(returning: true)
    }
}
