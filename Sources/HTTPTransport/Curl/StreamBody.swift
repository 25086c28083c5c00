import Synchronization

/// Passes a stream's body from the loop thread to its one reader through a bounded buffer.
final class StreamBody: Sendable {
    typealias Next = Result<[UInt8]?, HTTPError>

    private struct State {
        /// Invariant: empty while a reader waits.
        var buffer: [UInt8] = []
        var waiter: CheckedContinuation<Next, Never>?
        /// The result after the buffered bytes; nil while more may come.
        var end: Result<Void, HTTPError>?
        /// Whether the loop has paused the transfer; reset when the reader takes the buffer.
        var isPaused = false
    }

    enum Offer {
        case taken
        /// The buffer is full: offer the same bytes again after the reader's `resume`.
        case paused
        /// The reader has cancelled.
        case refused
    }

    private let state = Mutex(State())
    private let capacity: Int

    init(capacity: Int = HTTPLimits.streamBufferBytes) {
        self.capacity = capacity
    }

    var hasEnded: Bool { state.withLock { $0.end != nil } }

    /// Buffers bytes, at most one offer beyond the capacity. Called on the loop's thread.
    func offer(_ bytes: UnsafeRawBufferPointer) -> Offer {
        state.withLock { state in
            guard state.end == nil else { return .refused }
            guard !bytes.isEmpty else { return .taken }
            if let waiter = state.waiter.take() {
                waiter.resume(returning: .success(Array(bytes)))
                return .taken
            }
            guard state.buffer.count < capacity else {
                state.isPaused = true
                return .paused
            }
            state.buffer.append(contentsOf: bytes)
            return .taken
        }
    }

    /// Ends the stream after the buffered bytes. Called on the loop's thread.
    func end(_ result: Result<Void, HTTPError>) {
        state.withLock { state in
            guard state.end == nil else { return }
            state.end = result
            state.waiter.take()?.resume(returning: result.map { nil })
        }
    }

    /// Drops the buffered bytes, and fails every current and later wait. Called by the reader.
    func cancel() {
        state.withLock { state in
            let error = HTTPError(.cancelled, "the reader stopped reading the stream")
            guard state.end == nil || !state.buffer.isEmpty else { return }
            state.end = .failure(error)
            state.buffer = []
            state.waiter.take()?.resume(returning: .failure(error))
        }
    }

    /// Returns the next chunk, waiting for it if necessary. `resume` is called if the transfer was paused. Called by
    /// the reader.
    func next(resume: () -> Void) async -> Next {
        await withCheckedContinuation { continuation in
            let wasPaused = state.withLock { state in
                precondition(state.waiter == nil, "a stream is read by one task")
                if !state.buffer.isEmpty {
                    var chunk: [UInt8] = []
                    swap(&chunk, &state.buffer)
                    continuation.resume(returning: .success(chunk))
                } else if let end = state.end {
                    continuation.resume(returning: end.map { nil })
                } else {
                    state.waiter = continuation
                }
                defer { state.isPaused = false }
                return state.isPaused
            }
            if wasPaused { resume() }
        }
    }
}
