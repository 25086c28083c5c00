import Glibc
import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// One call: the time it has, the thread that works for it, and the task that awaits its reading.
///
/// The reading comes by the deadline even if the thread is held up in a function of libpq's that cannot be interrupted.
final class QueryCall: LimitedCall {
    private struct State {
        var isInterrupted = false
        /// The socket that the thread waits for; only while it does.
        var socket: Int32?
        var phase = "waiting for a connection"
    }

    /// When the thread stops waiting.
    let deadline: ContinuousClock.Instant
    /// When the task does.
    let limit: ContinuousClock.Instant
    private let endpoint: PostgresEndpoint
    private let state = Mutex(State())
    private let promise = AsyncPromise<MetricReading>()

    init(timeLeft: Duration, until end: ContinuousClock.Instant, on endpoint: PostgresEndpoint) {
        let usable = CallDeadline.usable(timeLeft)
        deadline = end - (timeLeft - usable)
        limit = end - (timeLeft - usable) / 2
        self.endpoint = endpoint
    }

    var isInterrupted: Bool { state.withLock(\.isInterrupted) }

    var timeLeft: Duration { max(.zero, deadline - .now) }

    /// Sets what is being done, for the message of a call that runs out of time.
    func enter(_ phase: String) { state.withLock { $0.phase = phase } }

    func finish(_ result: Result<MetricReading, PluginError>) {
        promise.fulfill(result.mapError { $0 })
    }

    func expire() {
        interrupt()
        finish(.failure(overdue))
    }

    /// - Parameter calls: ends this one at its limit.
    /// - Throws: ``PluginError``.
    func reading(endedBy calls: OverdueCalls) async throws -> MetricReading {
        calls.add(self)
        defer { calls.remove(self) }
        do {
            return try await promise.value
        } catch is CancellationError {
            interrupt()
            throw PluginError(.cancelled, "the call was given up while \(state.withLock(\.phase))")
        }
    }

    /// The error of a call whose time is over.
    var overdue: PluginError {
        PluginError(
            .deadlineExceeded,
            "PostgreSQL at \(endpoint) gave no result in time: the time ran out while \(state.withLock(\.phase)). Make the "
                + "query faster, or raise timeoutSeconds of the metric")
    }

    /// Ends what the thread waits for.
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
