import HTTPTransport
import PluginSDK
import Synchronization

/// A connection over which commands go, with the user and the database of its server chosen.
///
/// Unchecked: one thread at a time uses it, and the ``ConnectionPool`` hands it from one to the next.
final class RedisConnection: @unchecked Sendable {
    let server: RedisEndpoint
    let bytes: ByteConnection
    private let reader = ReplyReader()
    private var buffer = [UInt8](repeating: 0, count: RedisLimits.receiveBufferBytes)
    /// Whether anything of a reply ever came.
    private var hasSpoken = false

    init(
        to server: RedisEndpoint, deadline: ContinuousClock.Instant, interruption: Interruption
    ) throws(RedisFailure) {
        self.server = server
        do throws(HTTPError) {
            bytes = try ByteConnection(to: server.address, tls: server.tls, deadline: deadline)
        } catch {
            throw .connection(error, server)
        }
        interruption.watch(bytes)
        try logIn(deadline: deadline)
    }

    /// Nothing is sent where nothing is to be chosen: a server may forbid even PING.
    private func logIn(deadline: ContinuousClock.Instant) throws(RedisFailure) {
        var commands: [RedisCommand] = []
        if let password = server.password?.reveal() {
            let user = server.username.map { [$0] } ?? []
            commands.append(RedisCommand(words: ["AUTH"] + user + [password], key: nil))
        }
        if server.database != 0 { commands.append(RedisCommand("SELECT", "\(server.database)")) }
        if commands.isEmpty { return }
        let replies = try exchange(commands, deadline: deadline)
        for (command, reply) in zip(commands, replies) {
            guard case .error(let error) = reply else { continue }
            throw command.words[0] == "AUTH" ? .refusedUser(error, server) : .refusedDatabase(error, server)
        }
    }

    /// Sends the commands together and waits for all their replies. After an error the connection is of no more use.
    func exchange(
        _ commands: [RedisCommand], deadline: ContinuousClock.Instant
    ) throws(RedisFailure) -> [RedisReply] {
        do throws(HTTPError) {
            try bytes.send(commands.flatMap(\.encoded), deadline: deadline)
        } catch {
            throw .connection(error, server, answered: hasSpoken)
        }
        var replies: [RedisReply] = []
        var unparsed = 0
        while true {
            do throws(ReplyReader.NotRedis) {
                while replies.count < commands.count, let reply = try reader.next() {
                    replies.append(reply)
                    unparsed = 0
                    hasSpoken = true
                }
                // What came so far is of a reply, if not yet a whole one.
                if unparsed > 0 { hasSpoken = true }
            } catch {
                throw .notRedis(error.reason, server, answered: hasSpoken)
            }
            if replies.count == commands.count { return replies }
            guard unparsed <= RedisLimits.maxReplyBytes else { throw .tooLarge(server) }
            do throws(RedisFailure) {
                unparsed += try receive(deadline: deadline)
            } catch {
                // A server that takes no more clients, or none without a password, says so and closes.
                guard error.isConnectionLost, case .error(let reason)? = replies.last else { throw error }
                throw .hungUp(reason, server)
            }
        }
    }

    /// Sends the commands without waiting for their replies.
    func send(_ commands: [RedisCommand], deadline: ContinuousClock.Instant) throws(RedisFailure) {
        do throws(HTTPError) {
            try bytes.send(commands.flatMap(\.encoded), deadline: deadline)
        } catch {
            throw .connection(error, server, answered: hasSpoken)
        }
    }

    /// Waits for whatever the server says next.
    ///
    /// - Returns: nil where it was woken.
    func next(deadline: ContinuousClock.Instant, unless wakeUp: WakeUp) throws(RedisFailure) -> RedisReply? {
        var unparsed = 0
        while true {
            do throws(ReplyReader.NotRedis) {
                if let reply = try reader.next() { return reply }
            } catch {
                throw .notRedis(error.reason, server, answered: hasSpoken)
            }
            guard unparsed <= RedisLimits.maxReplyBytes else { throw .tooLarge(server) }
            do throws(HTTPError) {
                guard let count = try bytes.receive(into: &buffer, deadline: deadline, unless: wakeUp) else {
                    return nil
                }
                guard count > 0 else {
                    throw HTTPError(.connectionLost, "\(server.address) closed the connection")
                }
                reader.feed(buffer[..<count])
                unparsed += count
            } catch {
                throw .connection(error, server, answered: hasSpoken)
            }
        }
    }

    private func receive(deadline: ContinuousClock.Instant) throws(RedisFailure) -> Int {
        let count: Int
        do throws(HTTPError) {
            count = try bytes.receive(into: &buffer, deadline: deadline)
            guard count > 0 else {
                throw HTTPError(.connectionLost, "\(server.address) closed the connection before its reply was whole")
            }
        } catch {
            throw .connection(error, server, answered: hasSpoken)
        }
        reader.feed(buffer[..<count])
        return count
    }
}

/// Ends the connections of a call that was given up, under the thread that waits on them.
final class Interruption: Sendable {
    private struct State {
        var isInterrupted = false
        var connection: ByteConnection?
    }

    private let state = Mutex(State())

    var isInterrupted: Bool { state.withLock(\.isInterrupted) }

    /// From now on it is this connection that the call waits on.
    func watch(_ connection: ByteConnection?) {
        let isInterrupted = state.withLock { state in
            state.connection = connection
            return state.isInterrupted
        }
        if isInterrupted { connection?.interrupt() }
    }

    func interrupt() {
        let connection = state.withLock { state in
            state.isInterrupted = true
            return state.connection
        }
        connection?.interrupt()
    }
}
