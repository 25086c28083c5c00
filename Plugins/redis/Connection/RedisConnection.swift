import HTTPTransport
import PluginSDK
import Synchronization

/// A connection for commands, authenticated and with the database selected.
///
/// Unchecked: one thread at a time uses it, and the ``ConnectionPool`` transfers it between threads.
final class RedisConnection: @unchecked Sendable {
    let server: RedisEndpoint
    let bytes: ByteConnection
    private let reader: ReplyReader
    private var buffer = [UInt8](repeating: 0, count: RedisLimits.receiveBufferBytes)
    /// Whether any part of a reply has ever arrived.
    private var hasSpoken = false

    /// - Parameter mayBeLarge: whether replies may be larger than those that need no slot.
    init(
        to server: RedisEndpoint, deadline: ContinuousClock.Instant, interruption: Interruption,
        mayBeLarge: Bool = true
    ) throws(RedisFailure) {
        self.server = server
        reader = ReplyReader(ReplyBudget(mayBeLarge: mayBeLarge))
        do throws(HTTPError) {
            bytes = try ByteConnection(
                to: server.address, tls: server.tls, peers: server.peers, deadline: deadline)
        } catch {
            throw .connection(error, server)
        }
        interruption.watch(bytes)
        try logIn(deadline: deadline)
    }

    /// Logs in and selects the database. Sends nothing if neither is needed, because a server may forbid even PING.
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

    /// Sends the commands together and waits for all their replies. After an error, the connection is unusable.
    func exchange(
        _ commands: [RedisCommand], deadline: ContinuousClock.Instant
    ) throws(RedisFailure) -> [RedisReply] {
        do throws(HTTPError) {
            try bytes.send(commands.flatMap(\.encoded), deadline: deadline)
        } catch {
            throw .connection(error, server, answered: hasSpoken)
        }
        reader.reset()
        defer { reader.reset() }
        var replies: [RedisReply] = []
        var hasReceived = false
        while true {
            do throws(ReplyReader.Failure) {
                while replies.count < commands.count, let reply = try reader.next() {
                    replies.append(reply)
                    hasSpoken = true
                }
                // Part of a reply has arrived.
                if hasReceived { hasSpoken = true }
            } catch {
                throw failure(error)
            }
            if replies.count == commands.count { return replies }
            do throws(RedisFailure) {
                try receive(deadline: deadline)
            } catch {
                // A server that refuses further clients, or clients without a password, sends the reason and closes the
                // connection.
                guard error.isConnectionLost, case .error(let reason)? = replies.last else { throw error }
                throw .hungUp(reason, server)
            }
            hasReceived = true
        }
    }

    private func failure(_ error: ReplyReader.Failure) -> RedisFailure {
        switch error {
        case .notRedis(let reason): .notRedis(reason, server, answered: hasSpoken)
        case .excess(.tooLarge): .tooLarge(server)
        case .excess(.busy): .busy(server)
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

    /// Waits for the next reply or push message of the server.
    ///
    /// - Returns: nil if the wait was interrupted.
    func next(deadline: ContinuousClock.Instant, unless wakeUp: WakeUp) throws(RedisFailure) -> RedisReply? {
        while true {
            do throws(ReplyReader.Failure) {
                if let reply = try reader.next() {
                    reader.reset()
                    return reply
                }
            } catch {
                throw failure(error)
            }
            let count: Int
            do throws(HTTPError) {
                guard let received = try bytes.receive(into: &buffer, deadline: deadline, unless: wakeUp) else {
                    return nil
                }
                guard received > 0 else {
                    throw HTTPError(.connectionLost, "\(server.address) closed the connection")
                }
                count = received
            } catch {
                throw .connection(error, server, answered: hasSpoken)
            }
            try feed(count)
        }
    }

    private func feed(_ count: Int) throws(RedisFailure) {
        do throws(ReplyReader.Failure) {
            try reader.feed(buffer[..<count])
        } catch {
            throw failure(error)
        }
    }

    private func receive(deadline: ContinuousClock.Instant) throws(RedisFailure) {
        let count: Int
        do throws(HTTPError) {
            count = try bytes.receive(into: &buffer, deadline: deadline)
            guard count > 0 else {
                throw HTTPError(
                    .connectionLost, "\(server.address) closed the connection before its reply was complete")
            }
        } catch {
            throw .connection(error, server, answered: hasSpoken)
        }
        try feed(count)
    }
}

/// Interrupts the connections of a cancelled call, so that the thread that waits on them continues.
final class Interruption: Sendable {
    private struct State {
        var isInterrupted = false
        var connection: ByteConnection?
    }

    private let state = Mutex(State())

    var isInterrupted: Bool { state.withLock(\.isInterrupted) }

    /// Sets the connection that the call waits for.
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
