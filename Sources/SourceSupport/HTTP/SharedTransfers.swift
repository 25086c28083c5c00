import Synchronization

/// Lets calls that ask for the same thing at the same time share one transfer.
///
/// The first call makes the transfer in its own task, and the others wait for its result. If the first is cancelled, one
/// of the others makes the transfer again.
package final class SharedTransfers<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Outcome: Sendable {
        case value(Value)
        /// The call that made the transfer was cancelled: try again.
        case abandoned
        /// The call that waits was cancelled.
        case cancelled
    }

    private struct State {
        var lastID = 0
        /// The waiting calls of each transfer that runs.
        var waiters: [Key: [(id: Int, continuation: CheckedContinuation<Outcome, Never>)]] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameters:
    ///   - isFinal: whether a value is good for the others too, such as not that of a call whose own time was short.
    ///   - cancelled: the value for a call that is cancelled while it waits.
    package func value(
        for key: Key, isFinal: (Value) -> Bool, cancelled: Value, transfer: () async -> Value
    ) async -> Value {
        while true {
            switch await join(key) {
            case .value(let value): return value
            case .cancelled: return cancelled
            case .abandoned: continue
            case nil:
                let value = await transfer()
                finish(key, isFinal(value) ? .value(value) : .abandoned)
                return value
            }
        }
    }

    /// Returns nil at once if no such transfer runs, which the caller then has to make.
    private func join(_ key: Key) async -> Outcome? {
        let id: Int? = state.withLock { state in
            guard state.waiters[key] != nil else {
                state.waiters[key] = []
                return nil
            }
            state.lastID += 1
            return state.lastID
        }
        guard let id else { return nil }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome: Outcome? = state.withLock { state in
                    if Task.isCancelled { return .cancelled }
                    // It may have ended since.
                    guard state.waiters[key] != nil else { return .abandoned }
                    state.waiters[key]?.append((id, continuation))
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            leave(key, id)
        }
    }

    private func leave(_ key: Key, _ id: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Outcome, Never>? in
            guard let index = state.waiters[key]?.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters[key]?.remove(at: index).continuation
        }
        waiter?.resume(returning: .cancelled)
    }

    private func finish(_ key: Key, _ outcome: Outcome) {
        let waiters = state.withLock { $0.waiters.removeValue(forKey: key) } ?? []
        for waiter in waiters { waiter.continuation.resume(returning: outcome) }
    }
}
