import PluginSDK
import SourceSupport
import Synchronization

/// The calls of one database: as many run at one time as it may have connections. The others wait in the order of their
/// arrival.
final class Lane: Sendable {
    private struct Waiter {
        let call: QueryCall
        /// Resumed after this was removed from the lane: without a failure if the call may run.
        let continuation: CheckedContinuation<PostgresFailure?, Never>
    }

    private struct State {
        var running = 0
        var waiters: [Waiter] = []

        /// Returns whether one more call may run.
        mutating func takePlace() -> Bool {
            guard running < PostgresLimits.maxConnectionsPerDatabase else { return false }
            running += 1
            return true
        }
    }

    let endpoint: PostgresEndpoint
    private let state = Mutex(State())

    init(_ endpoint: PostgresEndpoint) {
        self.endpoint = endpoint
    }

    /// How many calls wait.
    var waiting: Int { state.withLock(\.waiters.count) }

    /// Waits until fewer calls of the database run than may.
    ///
    /// - Parameter overdue: ends the call at its limit.
    func enter(_ call: QueryCall, endedBy overdue: OverdueCalls) async throws(PostgresFailure) {
        if state.withLock({ $0.takePlace() }) { return }
        overdue.add(call)
        defer { overdue.remove(call) }
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                call.setEndWait { [weak self] in self?.endWait(of: call, $0) }
                let mayRun = state.withLock { state -> Bool? in
                    if call.isInterrupted { return false }
                    // A place may have become free since.
                    if state.takePlace() { return true }
                    state.waiters.append(Waiter(call: call, continuation: continuation))
                    return nil
                }
                guard let mayRun else { return }
                continuation.resume(
                    returning: mayRun ? nil : Task.isCancelled ? call.cancelled : PostgresFailure(call.overdue))
            }
        } onCancel: {
            call.cancel()
        }
        call.setEndWait(nil)
        if let failure { throw failure }
    }

    private func endWait(of call: QueryCall, _ failure: PostgresFailure) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.call === call }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: failure)
    }

    /// Gives the call's place to the one that waits for the longest time, once nothing works for the call.
    func leave(_ call: QueryCall) {
        guard call.releasePlace() else { return }
        let next = state.withLock { state -> Waiter? in
            if !state.waiters.isEmpty { return state.waiters.removeFirst() }
            state.running -= 1
            return nil
        }
        next?.continuation.resume(returning: nil)
    }
}

/// The lanes of all databases that a config or a call refers to.
final class Lanes: Sendable {
    private struct Entry {
        weak var lane: Lane?
    }

    private let entries = Mutex<[PostgresEndpoint: Entry]>([:])

    /// How many are kept.
    var count: Int { entries.withLock(\.count) }

    /// Returns the one lane of an endpoint.
    func lane(of endpoint: PostgresEndpoint) -> Lane {
        entries.withLock { entries in
            if let known = entries[endpoint]?.lane { return known }
            entries = entries.filter { $0.value.lane != nil }
            let lane = Lane(endpoint)
            entries[endpoint] = Entry(lane: lane)
            return lane
        }
    }
}

/// The database and the query of a config.
struct QueryTarget: Sendable {
    let lane: Lane
    let query: String
}
