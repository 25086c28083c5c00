import PluginSDK
import SourceSupport
import Synchronization
import SystemIO

/// The connections of all databases. Each is in use by one call at a time, and kept for the next one.
///
/// A query runs on the thread of its task, which it does not block. A connection is made on another thread, which libpq may
/// block.
final class ConnectionPool: Sendable {
    private struct Idle {
        let connection: PostgresConnection
        let since: ContinuousClock.Instant
    }

    private let threads = WorkerThreads(limit: PostgresLimits.maxThreads)
    private let overdue = OverdueCalls()
    /// The one idle for the shortest time last.
    private let idle = Mutex<[Idle]>([])

    var idleCount: Int { idle.withLock(\.count) }

    /// Runs the query, over a kept connection if there is one.
    func answer(
        to query: String, _ call: QueryCall, _ sockets: any SocketWaits
    ) async throws(PostgresFailure) -> QueryAnswer {
        let lane = call.lane
        try await lane.enter(call, endedBy: overdue)
        defer { lane.leave(call) }
        if let kept = takeIdle(lane) {
            do throws(PostgresFailure) {
                return try await use(kept, query, call, sockets)
            } catch {
                // The server may have ended it while it was idle. The query only reads, so that sending it twice does no
                // harm.
                guard error.isConnectionLost, !call.isInterrupted else { throw error }
            }
        }
        return try await use(try await open(call), query, call, sockets)
    }

    private func use(
        _ connection: PostgresConnection, _ query: String, _ call: QueryCall, _ sockets: any SocketWaits
    ) async throws(PostgresFailure) -> QueryAnswer {
        defer { if connection.isReusable { keep(connection) } }
        return try await connection.answer(to: query, call, sockets)
    }

    /// Makes a connection. Its thread may end after the call, whose place it keeps for that long.
    private func open(_ call: QueryCall) async throws(PostgresFailure) -> PostgresConnection {
        try await call.result(endedBy: overdue) { promise in
            call.retainPlace()
            threads.start {
                defer { call.lane.leave(call) }
                guard !call.isInterrupted else { return }
                do throws(PostgresFailure) {
                    promise.fulfill(.success(try PostgresConnection.open(call)))
                } catch {
                    promise.fulfill(.failure(error))
                }
            }
        }
    }
}

// MARK: Kept connections

extension ConnectionPool {
    private func takeIdle(_ lane: Lane) -> PostgresConnection? {
        let oldest = ContinuousClock.now - PostgresLimits.maxIdleAge
        // Closed after the lock is released.
        var old: ArraySlice<Idle> = []
        defer { withExtendedLifetime(old) {} }
        return idle.withLock { idle in
            if let first = idle.first, first.since < oldest {
                old = idle.prefix { $0.since < oldest }
                idle.removeFirst(old.count)
            }
            guard let index = idle.lastIndex(where: { $0.connection.lane === lane }) else { return nil }
            return idle.remove(at: index).connection
        }
    }

    private func keep(_ connection: PostgresConnection) {
        // Closed after the lock is released.
        var oldest: Idle?
        defer { withExtendedLifetime(oldest) {} }
        idle.withLock { idle in
            if idle.count >= PostgresLimits.maxIdleConnections { oldest = idle.removeFirst() }
            idle.append(Idle(connection: connection, since: .now))
        }
    }
}
