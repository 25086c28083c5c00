import HTTPTransport
import PluginSDK
import Synchronization

/// Hears from one server which keys change (keyspace notifications), over a connection of its own.
///
/// Source: https://redis.io/docs/latest/develop/use/keyspace-notifications/
final class KeyspaceListener: Sendable {
    typealias Changes = AsyncThrowingStream<Void, any Error>

    private struct Watch {
        let keys: Set<String>
        /// Keys whose SUBSCRIBE the server has not answered.
        var unanswered: Set<String>
        let changes: Changes.Continuation
    }

    /// What is sent, and answered in the same order.
    private enum Order {
        case subscribe(String)
        case unsubscribe(String)
        case ping
    }

    private struct State {
        var watches: [Int: Watch] = [:]
        var watchers: [String: Set<Int>] = [:]
        var orders: [Order] = []
        var lastWatch = 0
        var isOver = false
    }

    private let server: RedisEndpoint
    private let wakeUp = WakeUp()
    private let state = Mutex(State())

    init(_ server: RedisEndpoint) {
        self.server = server
    }

    /// Returns a stream that has an element once the server has promised to tell of these keys, and one after each
    /// change; of those that have not been consumed, only one is kept. It throws ``PluginError`` if the server is lost.
    ///
    /// - Returns: nil if the listener has ended.
    func changes(of keys: Set<String>) -> Changes? {
        let (changes, continuation) = Changes.makeStream(bufferingPolicy: .bufferingNewest(1))
        let watch = state.withLock { state -> Int? in
            guard !state.isOver else { return nil }
            state.lastWatch += 1
            state.watches[state.lastWatch] = Watch(keys: keys, unanswered: keys, changes: continuation)
            for key in keys { state.watchers[key, default: []].insert(state.lastWatch) }
            // Sent again for a key that is heard already: the answer tells that the server is there.
            state.orders += keys.sorted().map(Order.subscribe)
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
                state.orders.append(.unsubscribe(key))
            }
        }
        wakeUp.signal()
    }

    // MARK: The thread

    /// Listens until there are no watchers or the server is lost. Blocks its thread.
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
        var open: [Order] = []
        var answersDue: ContinuousClock.Instant?
        while let orders = takeOrders() {
            if !orders.isEmpty {
                try connection.send(orders.map(command), deadline: .now + RedisLimits.listenerAnswerTime)
                open += orders
                answersDue = answersDue ?? .now + RedisLimits.listenerAnswerTime
            }
            let deadline = answersDue ?? .now + RedisLimits.listenerSilence
            do throws(RedisFailure) {
                guard let reply = try connection.next(deadline: deadline, unless: wakeUp) else { continue }
                if let key = changedKey(reply) {
                    ring(key)
                } else if !open.isEmpty {
                    answered(open.removeFirst(), reply)
                    answersDue = open.isEmpty ? nil : .now + RedisLimits.listenerAnswerTime
                }
            } catch {
                guard case .connection(let failure, _, _) = error, failure.kind == .deadline, open.isEmpty else {
                    throw error
                }
                state.withLock { $0.orders.append(.ping) }
            }
        }
    }

    /// Returns nil if there are no watchers; there will be none afterwards.
    private func takeOrders() -> [Order]? {
        state.withLock { state in
            guard !state.watches.isEmpty else {
                state.isOver = true
                return nil
            }
            defer { state.orders = [] }
            return state.orders
        }
    }

    private func command(_ order: Order) -> RedisCommand {
        switch order {
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

    private func ring(_ key: String) {
        let watches = state.withLock { state in
            (state.watchers[key] ?? []).compactMap { state.watches[$0] }.filter(\.unanswered.isEmpty)
        }
        for watch in watches { watch.changes.yield() }
    }

    private func answered(_ order: Order, _ reply: RedisReply) {
        guard case .subscribe(let key) = order else { return }
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
