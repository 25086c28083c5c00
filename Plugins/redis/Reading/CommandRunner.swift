import HTTPTransport
import PluginSDK

/// Sends commands to the server that holds their data.
protocol CommandRunner {
    /// Returns the replies, one for each command. What a server answers as an error is a reply.
    func run(_ commands: [RedisCommand]) throws(PluginError) -> [RedisReply]
}

extension CommandRunner {
    func run(_ command: RedisCommand) throws(PluginError) -> RedisReply {
        try run([command]).first ?? .nothing
    }
}

/// What calls share, and what one call is bound by.
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
                // The server may have ended it while it was idle.
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

/// A server that has it all.
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
