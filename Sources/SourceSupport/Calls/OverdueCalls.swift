import Synchronization

/// A call that has to end by a time limit, even if the library that works for it is silent.
package protocol LimitedCall: AnyObject, Sendable {
    /// The time at which the call ends.
    var limit: ContinuousClock.Instant { get }

    /// Ends the call, with the error of a call whose time is over.
    func expire()
}

/// Ends the calls whose time is over.
///
/// One task checks all of them: a task that sleeps keeps its memory for as long as it was to sleep, even if it is
/// cancelled, and a timer for each call would take more CPU time than most calls.
package final class OverdueCalls: Sendable {
    /// The time between two checks; less than what a call reserves for its error.
    private static let interval: Duration = .milliseconds(20)

    private struct State {
        var calls: [ObjectIdentifier: any LimitedCall] = [:]
        var isChecking = false
    }

    private let state = Mutex(State())

    package init() {}

    package func add(_ call: some LimitedCall) {
        let isFirst = state.withLock { state in
            state.calls[ObjectIdentifier(call)] = call
            defer { state.isChecking = true }
            return !state.isChecking
        }
        guard isFirst else { return }
        // Not awaited: it ends when no call is left.
        Task { [self] in
            repeat { try? await Task.sleep(for: Self.interval) } while endOverdue()
        }
    }

    package func remove(_ call: some LimitedCall) {
        state.withLock { $0.calls[ObjectIdentifier(call)] = nil }
    }

    /// - Returns: whether calls are left.
    private func endOverdue() -> Bool {
        let now = ContinuousClock.now
        let (overdue, isAnyLeft) = state.withLock { state in
            let overdue = state.calls.values.filter { $0.limit <= now }
            for call in overdue { state.calls[ObjectIdentifier(call)] = nil }
            if state.calls.isEmpty { state.isChecking = false }
            return (overdue, !state.calls.isEmpty)
        }
        for call in overdue { call.expire() }
        return isAnyLeft
    }
}
