import Synchronization

/// A sleep that can be cut short: the loop that owns it waits, anyone may ring.
final class Alarm: Sendable {
    private enum State {
        case quiet
        case rung
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    /// A task waits, and there has been no signal since.
    var isWaiting: Bool {
        state.withLock { state in
            if case .waiting = state { true } else { false }
        }
    }

    /// Ends the wait that is on, or the next one at once.
    func ring() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            guard case .waiting(let continuation) = state else {
                state = .rung
                return nil
            }
            state = .quiet
            return continuation
        }
        waiter?.resume()
    }

    /// Waits until it rings, that much time has elapsed (nil: never) or the task is cancelled. One waiter at a time.
    func wait(until due: Duration?, time: OperatorTime) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.untilRung() }
            if let due { group.addTask { try? await time.sleepUntil(due) } }
            await group.next()
            group.cancelAll()
        }
    }

    private func untilRung() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if case .rung = state {
                        state = .quiet
                        return true
                    }
                    if Task.isCancelled { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
                guard case .waiting(let continuation) = state else { return nil }
                state = .quiet
                return continuation
            }
            waiter?.resume()
        }
    }
}
