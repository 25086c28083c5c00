import Synchronization
package import SystemIO

/// A clock that only moves when a test moves it.
///
/// A sleeper waits until ``advance(by:)`` reaches its deadline. ``sleepers(atLeast:)`` and ``sleeper(dueIn:)`` let a
/// test wait until the code under test sleeps, so that no test has to sleep or poll itself.
package final class ManualClock: Clock, Sendable {
    package struct Instant: InstantProtocol {
        /// The time since the creation of the clock.
        package let offset: Duration

        package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        package func duration(to other: Instant) -> Duration { other.offset - offset }
        package static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private struct Sleeper {
        let deadline: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Waiter {
        let isSatisfied: @Sendable (_ deadlines: [Instant]) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var waiters: [Int: Waiter] = [:]

        mutating func takeID() -> Int {
            nextID += 1
            return nextID
        }

        mutating func takeSatisfiedWaiters() -> [Waiter] {
            let deadlines = sleepers.values.map(\.deadline)
            let satisfied = waiters.filter { $0.value.isSatisfied(deadlines) }
            for id in satisfied.keys { waiters[id] = nil }
            return Array(satisfied.values)
        }
    }

    private let state = Mutex(State())
    private let startMicroseconds: Int64

    /// - Parameter startMicroseconds: the initial value of ``wallMicroseconds()``.
    package init(startMicroseconds: Int64 = 1_767_225_600_000_000) {
        self.startMicroseconds = startMicroseconds
    }

    package var now: Instant { state.withLock { $0.now } }
    package var minimumResolution: Duration { .nanoseconds(1) }

    /// Returns microseconds since 1970, in step with ``now``, starting at 2026-01-01T00:00:00Z.
    @Sendable package func wallMicroseconds() -> Int64 {
        let (seconds, attoseconds) = now.offset.components
        return startMicroseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// A time source of this clock and its ``wallMicroseconds()``.
    package var time: TimeSource { TimeSource(clock: self, wallMicroseconds: wallMicroseconds) }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        let id = state.withLock { $0.takeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (isDue, waiters) = state.withLock { state -> (Bool, [Waiter]) in
                    guard state.now < deadline, !Task.isCancelled else { return (true, []) }
                    state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
                    return (false, state.takeSatisfiedWaiters())
                }
                if isDue { continuation.resume() }
                for waiter in waiters { waiter.continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleepers.removeValue(forKey: id) }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
        try Task.checkCancellation()
    }

    /// Advances the time and wakes all sleepers whose deadline has come: by deadline, then in FIFO order.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }
        }
        for (_, sleeper) in due { sleeper.continuation.resume() }
    }

    /// Advances the time to the earliest deadline and wakes its sleepers; does nothing if there are none.
    package func advanceToNextSleeper() {
        guard let next = nextWake else { return }
        advance(by: next)
    }

    /// The time until the earliest deadline; nil if there are no sleepers.
    package var nextWake: Duration? {
        state.withLock { state in state.sleepers.values.map(\.deadline).min().map { state.now.duration(to: $0) } }
    }

    /// Returns whether a task sleeps until exactly that time from now.
    package func hasSleeper(dueIn duration: Duration) -> Bool {
        state.withLock { state in
            let deadline = state.now.advanced(by: duration)
            return state.sleepers.values.contains { $0.deadline == deadline }
        }
    }

    /// Waits until at least that many sleepers are waiting.
    package func sleepers(atLeast count: Int = 1) async throws {
        try await wait { $0.count >= count }
    }

    /// Waits until a task sleeps until exactly that time from now.
    package func sleeper(dueIn duration: Duration) async throws {
        let deadline = now.advanced(by: duration)
        try await wait { $0.contains(deadline) }
    }

    private func wait(until isSatisfied: @escaping @Sendable ([Instant]) -> Bool) async throws {
        let id = state.withLock { $0.takeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isDone = state.withLock { state in
                    if isSatisfied(state.sleepers.values.map(\.deadline)) || Task.isCancelled { return true }
                    state.waiters[id] = Waiter(isSatisfied: isSatisfied, continuation: continuation)
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.continuation.resume(throwing: CancellationError())
        }
        try Task.checkCancellation()
    }
}
