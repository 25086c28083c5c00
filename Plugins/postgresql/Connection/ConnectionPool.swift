import Synchronization

/// Connections that wait for their next call. Each is in use by one call at a time.
final class ConnectionPool: Sendable {
    private struct Idle {
        let connection: PostgresConnection
        let since: ContinuousClock.Instant
    }

    /// The one idle for the shortest time last.
    private let idle = Mutex<[Idle]>([])

    var idleCount: Int { idle.withLock(\.count) }

    /// Runs the query, over a kept connection if there is one. Blocks its thread.
    func answer(
        to query: String, at endpoint: PostgresEndpoint, _ call: QueryCall
    ) throws(PostgresFailure) -> QueryAnswer {
        if let kept = take(endpoint) {
            do throws(PostgresFailure) {
                return try use(kept, query, call)
            } catch {
                // The server may have ended it while it was idle. The query only reads, so that sending it twice does no
                // harm.
                guard error.isConnectionLost, !call.isInterrupted else { throw error }
            }
        }
        return try use(try PostgresConnection.open(endpoint, call), query, call)
    }

    private func use(
        _ connection: PostgresConnection, _ query: String, _ call: QueryCall
    ) throws(PostgresFailure) -> QueryAnswer {
        defer { if connection.isReusable, !call.isInterrupted { giveBack(connection) } }
        return try connection.answer(to: query, call)
    }

    private func take(_ endpoint: PostgresEndpoint) -> PostgresConnection? {
        let oldest = ContinuousClock.now - PostgresLimits.maxIdleAge
        return idle.withLock { idle in
            idle.removeAll { $0.since < oldest }
            guard let index = idle.lastIndex(where: { $0.connection.endpoint == endpoint }) else { return nil }
            return idle.remove(at: index).connection
        }
    }

    private func giveBack(_ connection: PostgresConnection) {
        idle.withLock { idle in
            if idle.count >= PostgresLimits.maxIdleConnections { idle.removeFirst() }
            idle.append(Idle(connection: connection, since: .now))
        }
    }
}
