import HTTPTransport
import PluginSDK

/// Sends commands to the server with their data.
protocol CommandRunner {
    /// Returns one reply for each command. An error reply of the server is a reply too.
    func run(_ commands: [RedisCommand]) throws(PluginError) -> [RedisReply]
}

extension CommandRunner {
    func run(_ command: RedisCommand) throws(PluginError) -> RedisReply {
        try run([command]).first ?? .nothing
    }
}

/// The state that calls share, and the limits of one call.
struct RedisSession {
    let pool: ConnectionPool
    let deadline: ContinuousClock.Instant
    let interruption: Interruption

    /// Exchanges commands and replies with one server, over a cached connection if there is one.
    func exchange(
        _ commands: [RedisCommand], with server: RedisEndpoint, until limit: ContinuousClock.Instant? = nil
    ) throws(RedisFailure) -> [RedisReply] {
        let limit = limit ?? deadline
        if let kept = pool.take(server) {
            do throws(RedisFailure) {
                return try use(kept, commands, until: limit)
            } catch {
                // The server may have closed the connection while it was idle.
                guard error.isConnectionLost, !interruption.isInterrupted else { throw error }
            }
        }
        let fresh = try RedisConnection(to: server, deadline: limit, interruption: interruption)
        return try use(fresh, commands, until: limit)
    }

    private func use(
        _ connection: RedisConnection, _ commands: [RedisCommand], until limit: ContinuousClock.Instant
    ) throws(RedisFailure) -> [RedisReply] {
        interruption.watch(connection.bytes)
        defer { interruption.watch(nil) }
        let replies = try connection.exchange(commands, deadline: limit)
        if !interruption.isInterrupted { pool.give(back: connection) }
        return replies
    }
}

/// A single server.
struct StandaloneRunner: CommandRunner {
    let session: RedisSession
    let server: RedisEndpoint

    func run(_ commands: [RedisCommand]) throws(PluginError) -> [RedisReply] {
        do throws(RedisFailure) {
            return try session.exchange(commands, with: server)
        } catch {
            throw error.pluginError
        }
    }
}
