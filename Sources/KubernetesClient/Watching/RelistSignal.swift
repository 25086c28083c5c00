import Synchronization

/// Makes a watch loop list again, and resumes the callers afterwards. Requests are numbered: a list serves the requests
/// that were made before it began.
final class RelistSignal: Sendable {
    private struct State {
        var lastRequest = 0
        var lastServed = 0
        /// Interrupts the loop's current operation on a request with a higher number.
        var interruption: (after: Int, act: @Sendable () -> Void)?
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    var lastRequest: Int { state.withLock(\.lastRequest) }

    /// Returns once a list that began after this call has been delivered, or once the task is cancelled.
    func request() async {
        let number = state.withLock { state in
            state.lastRequest += 1
            return state.lastRequest
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isServed, interrupt) = state.withLock { state in
                    if state.lastServed >= number || Task.isCancelled { return (true, nil as (@Sendable () -> Void)?) }
                    state.waiters[number] = continuation
                    return (false, state.interruption.flatMap { $0.after < number ? $0.act : nil })
                }
                if isServed { continuation.resume() }
                interrupt?()
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }

    /// Resumes the requests up to `number`, after the delivery of a list that began later.
    func serve(upTo number: Int) {
        let waiters = state.withLock { state in
            state.lastServed = number
            return state.waiters.keys.filter { $0 <= number }.compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Calls `act` at the next request after that number, immediately if there is one already. May be called twice.
    func interrupt(after number: Int, _ act: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.interruption = (number, act)
            return state.lastRequest > number
        }
        if isLate { act() }
    }

    func endInterruption() { state.withLock { $0.interruption = nil } }
}
