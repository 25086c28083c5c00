import HTTPTransport
import PluginSDK
import Synchronization

/// Receives keyspace notifications from one server over a separate connection.
///
/// Source: https://redis.io/docs/latest/develop/use/keyspace-notifications/
final class KeyspaceListener: Sendable {
    typealias Changes = AsyncThrowingStream<Void, any Error>

    private struct Watch {
        let keys: Set<String>
        /// Keys whose SUBSCRIBE has not been answered.
        var unanswered: Set<String>
        let changes: Changes.Continuation
    }

    /// A command, answered in the order of sending.
    private enum Command {
        case subscribe(String)
        case unsubscribe(String)
        case ping
    }

    private struct State {
        var watches: [Int: Watch] = [:]
        var watchers: [String: Set<Int>] = [:]
        var commands: [Command] = []
        var lastWatch = 0
        var isOver = false
    }

    private let server: RedisEndpoint
    private let wakeUp = WakeUp()
    private let state = Mutex(State())

    init(_ server: RedisEndpoint) {
        self.server = server
    }

    /// Returns a stream with an element once the server has confirmed the subscription of these keys, and one after
    /// each change; unconsumed elements are merged into one. Throws ``PluginError`` if the connection is lost.
    ///
    /// - Returns: nil if the listener has ended.
    func changes(of keys: Set<String>) -> Changes? {
        let (changes, continuation) = Changes.makeStream(bufferingPolicy: .bufferingNewest(1))
        let watch = state.withLock { state -> Int? in
            guard !state.isOver else { return nil }
            state.lastWatch += 1
            state.watches[state.lastWatch] = Watch(keys: keys, unanswered: keys, changes: continuation)
            for key in keys { state.watchers[key, default: []].insert(state.lastWatch) }
            // Sent again for a subscribed key, because the answer shows that the server is reachable.
            state.commands += keys.sorted().map(Command.subscribe)
            return state.lastWatch
        }
        guard let watch else { return nil }
        continuation.onTermination = { [weak self] _ in self?.end(watch) }
        wakeUp.signal()
        return changes
    }

    private func end(_ watch: Int) {
        state.withLock { state in
            guard let keys = state.watches.removeValue(forKey: watch)?.keys else { return }
            for key in keys {
                state.watchers[key]?.remove(watch)
                guard state.watchers[key]?.isEmpty == true else { continue }
                state.watchers[key] = nil
                state.commands.append(.unsubscribe(key))
            }
        }
        wakeUp.signal()
    }

    // MARK: The thread

    /// Listens until there are no watchers or the connection is lost. Blocks its thread.
    func run() {
        do throws(RedisFailure) {
            let connection = try RedisConnection(
                to: server, deadline: .now + RedisLimits.listenerAnswerTime, interruption: Interruption(),
                mayBeLarge: false)
            try listen(over: connection)
        } catch {
            finish(error.pluginError)
        }
    }

    private func listen(over connection: RedisConnection) throws(RedisFailure) {
        var open: [Command] = []
        var answersDue: ContinuousClock.Instant?
        while let commands = takeCommands() {
            if !commands.isEmpty {
                try connection.send(commands.map(redisCommand), deadline: .now + RedisLimits.listenerAnswerTime)
                open += commands
                answersDue = answersDue ?? .now + RedisLimits.listenerAnswerTime
            }
            let deadline = answersDue ?? .now + RedisLimits.listenerSilence
            do throws(RedisFailure) {
                guard let reply = try connection.next(deadline: deadline, unless: wakeUp) else { continue }
                if let key = changedKey(reply) {
                    notify(key)
                } else if !open.isEmpty {
                    answered(open.removeFirst(), reply)
                    answersDue = open.isEmpty ? nil : .now + RedisLimits.listenerAnswerTime
                }
            } catch {
                guard case .connection(let failure, _, _) = error, failure.kind == .deadline, open.isEmpty else {
                    throw error
                }
                state.withLock { $0.commands.append(.ping) }
            }
        }
    }

    /// Returns the queued commands; nil if there are no watchers, after which none can be added.
    private func takeCommands() -> [Command]? {
        state.withLock { state in
            guard !state.watches.isEmpty else {
                state.isOver = true
                return nil
            }
            defer { state.commands = [] }
            return state.commands
        }
    }

    private func redisCommand(_ command: Command) -> RedisCommand {
        switch command {
        case .subscribe(let key): RedisCommand("SUBSCRIBE", prefix + key)
        case .unsubscribe(let key): RedisCommand("UNSUBSCRIBE", prefix + key)
        case .ping: RedisCommand("PING")
        }
    }

    private var prefix: String { "__keyspace@\(server.database)__:" }

    private func changedKey(_ reply: RedisReply) -> String? {
        guard let words = reply.array, words.count == 3, words[0].text == "message", let channel = words[1].text,
            channel.hasPrefix(prefix)
        else { return nil }
        return String(channel.dropFirst(prefix.count))
    }

    private func notify(_ key: String) {
        let watches = state.withLock { state in
            (state.watchers[key] ?? []).compactMap { state.watches[$0] }.filter(\.unanswered.isEmpty)
        }
        for watch in watches { watch.changes.yield() }
    }

    private func answered(_ command: Command, _ reply: RedisReply) {
        guard case .subscribe(let key) = command else { return }
        let watches = state.withLock { state in
            let numbers = state.watchers[key] ?? []
            for number in numbers { state.watches[number]?.unanswered.remove(key) }
            return numbers.compactMap { state.watches[$0] }
        }
        for watch in watches {
            if case .error(let error) = reply {
                watch.changes.finish(throwing: error.pluginError("the channel \(prefix)\(key)"))
            } else if watch.unanswered.isEmpty {
                watch.changes.yield()
            }
        }
    }

    private func finish(_ error: PluginError) {
        let watches = state.withLock { state in
            state.isOver = true
            defer { state.watches = [:] }
            return state.watches.values
        }
        for watch in watches { watch.changes.finish(throwing: error) }
    }
}
