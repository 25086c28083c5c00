import HTTPTransport
import Synchronization

/// Idle connections for further calls. Calls with equal servers share them; each is used by one call at a time.
final class ConnectionPool: Sendable {
    private struct Idle {
        let connection: RedisConnection
        let since: ContinuousClock.Instant
    }

    /// The idle connections, most recently used last.
    private let idle = Mutex<[Idle]>([])

    var idleCount: Int { idle.withLock(\.count) }

    /// Returns a connection to that server that still seems usable.
    func take(_ server: RedisEndpoint) -> RedisConnection? {
        let oldest = ContinuousClock.now - RedisLimits.maxIdleAge
        while true {
            let found = idle.withLock { idle -> RedisConnection? in
                idle.removeAll { $0.since < oldest }
                guard let index = idle.lastIndex(where: { $0.connection.server == server }) else { return nil }
                return idle.remove(at: index).connection
            }
            guard let found else { return nil }
            if !found.bytes.isStale { return found }
        }
    }

    /// Returns a connection to the pool after a successful exchange.
    func give(back connection: RedisConnection) {
        idle.withLock { idle in
            let same = idle.indices.filter { idle[$0].connection.server == connection.server }
            if same.count >= RedisLimits.maxIdleConnectionsPerServer, let first = same.first { idle.remove(at: first) }
            if idle.count >= RedisLimits.maxIdleConnections { idle.removeFirst() }
            idle.append(Idle(connection: connection, since: .now))
        }
    }
}
