package import Synchronization

/// A value that is set later. Any number of tasks may wait for it.
///
/// Inlinable, because most of what a promise of an unspecialized type costs is finding the types that it consists of.
package final class AsyncPromise<Value: Sendable>: Sendable {
    @usableFromInline struct Waiter: Sendable {
        @usableFromInline let id: UInt64
        @usableFromInline let continuation: CheckedContinuation<Value, any Error>

        @inlinable init(id: UInt64, continuation: CheckedContinuation<Value, any Error>) {
            self.id = id
            self.continuation = continuation
        }
    }

    @usableFromInline struct State: Sendable {
        @usableFromInline var result: Result<Value, any Error>?
        /// Most promises have one, which an array finds with less work than a dictionary.
        @usableFromInline var waiters: [Waiter] = []
        @usableFromInline var lastID: UInt64 = 0

        @inlinable init() {}
    }

    @usableFromInline let state = Mutex(State())

    @inlinable package init() {}

    /// - Throws: the error that it was fulfilled with, or `CancellationError` if the task is cancelled first.
    @inlinable package var value: Value {
        get async throws {
            let id = state.withLock { state in
                state.lastID += 1
                return state.lastID
            }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let result: Result<Value, any Error>? = state.withLock { state in
                        if let result = state.result { return result }
                        if Task.isCancelled { return .failure(CancellationError()) }
                        state.waiters.append(Waiter(id: id, continuation: continuation))
                        return nil
                    }
                    if let result { continuation.resume(with: result) }
                }
            } onCancel: {
                let waiter = state.withLock { state in
                    state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
                }
                waiter?.continuation.resume(throwing: CancellationError())
            }
        }
    }

    /// Sets the result. Only the first call has an effect.
    @inlinable package func fulfill(_ result: Result<Value, any Error>) {
        let waiters = state.withLock { state -> [Waiter] in
            guard state.result == nil else { return [] }
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(with: result) }
    }
}
