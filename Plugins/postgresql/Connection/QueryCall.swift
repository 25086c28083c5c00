import Glibc
import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// One call: the time it has, and what it waits for.
///
/// The call ends by the deadline even if a thread that works for it is held up in a function of libpq's that cannot be
/// interrupted.
final class QueryCall: LimitedCall {
    /// What is being done, for the message of a call that runs out of time.
    enum Phase {
        case waiting
        case lookup(host: String)
        case connecting(place: String)
        case querying(place: String)
    }

    private struct State {
        var phase = Phase.waiting
        var isInterrupted = false
        /// The socket that a thread waits for; only while it does.
        var socket: Int32?
        /// Fails the wait for a thread, or for another call's end.
        var endWait: (@Sendable (PostgresFailure) -> Void)?
    }

    /// When the server's answer is no longer waited for.
    let deadline: ContinuousClock.Instant
    /// When the call ends.
    let limit: ContinuousClock.Instant
    let lane: Lane
    private let state = Mutex(State())
    /// What works for the call, its task included, and needs its place among those of its database.
    private let holders = Atomic(1)

    init(timeLeft: Duration, until end: ContinuousClock.Instant, in lane: Lane) {
        let usable = CallDeadline.usable(timeLeft)
        deadline = end - (timeLeft - usable)
        limit = end - (timeLeft - usable) / 2
        self.lane = lane
    }

    var isInterrupted: Bool { state.withLock(\.isInterrupted) }

    var timeLeft: Duration { max(.zero, deadline - .now) }

    func retainPlace() { holders.add(1, ordering: .relaxed) }

    /// Returns whether nothing needs the place any more.
    func releasePlace() -> Bool { holders.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }

    func enter(_ phase: Phase) { state.withLock { $0.phase = phase } }

    /// Sets what fails the current wait for another thread or call.
    func setEndWait(_ endWait: (@Sendable (PostgresFailure) -> Void)?) { state.withLock { $0.endWait = endWait } }

    /// Waits for what another thread does, up to the limit.
    ///
    /// - Parameters:
    ///   - calls: ends this one at its limit.
    ///   - start: starts it.
    func result<Value: Sendable>(
        endedBy calls: OverdueCalls, _ start: (AsyncPromise<Value>) -> Void
    ) async throws(PostgresFailure) -> Value {
        let promise = AsyncPromise<Value>()
        setEndWait { promise.fulfill(.failure($0)) }
        calls.add(self)
        defer {
            calls.remove(self)
            setEndWait(nil)
        }
        start(promise)
        do {
            return try await promise.value
        } catch let error as PostgresFailure {
            throw error
        } catch {
            interrupt()
            throw cancelled
        }
    }

    func expire() { end(PostgresFailure(overdue)) }

    func cancel() { end(cancelled) }

    private func end(_ failure: PostgresFailure) {
        interrupt()
        let endWait = state.withLock(\.endWait)
        endWait?(failure)
    }

    /// The error of a call whose time is over.
    var overdue: PluginError {
        PluginError(
            .deadlineExceeded,
            "PostgreSQL at \(lane.endpoint) gave no result in time: the time ran out while \(state.withLock(\.phase)). Make the "
                + "query faster, or raise timeoutSeconds of the metric")
    }

    var cancelled: PostgresFailure {
        PostgresFailure(PluginError(.cancelled, "the call was given up while \(state.withLock(\.phase))"))
    }

    /// Ends what a thread waits for.
    private func interrupt() {
        state.withLock { state in
            state.isInterrupted = true
            // Still open: the thread closes it only after it has taken it out here.
            if let socket = state.socket { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Blocks the thread until the socket is ready.
    ///
    /// - Returns: what it is ready for; nil if the time is over or the call was interrupted.
    func wait(_ socket: Int32, for events: Int32, until limit: ContinuousClock.Instant) -> Int32? {
        let mayWait = state.withLock { state in
            if !state.isInterrupted { state.socket = socket }
            return !state.isInterrupted
        }
        guard mayWait else { return nil }
        defer { state.withLock { $0.socket = nil } }
        var descriptor = pollfd(fd: socket, events: Int16(events), revents: 0)
        while true {
            let left = limit - .now
            guard left > .zero else { return nil }
            // Rounded up, so that the last millisecond is not spent in a loop.
            let count = poll(
                &descriptor, 1, Int32(clamping: left / .milliseconds(1) < 1 ? 1 : Int(left / .milliseconds(1)) + 1))
            if count > 0 { return isInterrupted ? nil : Int32(descriptor.revents) }
            if count < 0, errno != EINTR { return nil }
        }
    }
}

extension QueryCall.Phase: CustomStringConvertible {
    var description: String {
        switch self {
        case .waiting: "waiting for a connection"
        case .lookup(let host): "the address of \(host) was looked up"
        case .connecting(let place): "a connection to \(place) was made"
        case .querying(let place): "the query ran at \(place)"
        }
    }
}
