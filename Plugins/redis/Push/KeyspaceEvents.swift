import PluginSDK
import SourceSupport
import Synchronization

/// The listeners of servers, and the servers' notification settings.
final class KeyspaceEvents: Sendable {
    private struct State {
        var listeners: [RedisEndpoint: KeyspaceListener] = [:]
        var settings: [RedisEndpoint: (flags: String, readAt: ContinuousClock.Instant)] = [:]
    }

    private let state = Mutex(State())
    private let threads = WorkerThreads(limit: RedisLimits.maxListeners)

    /// The number of servers with listeners.
    var listenerCount: Int { state.withLock(\.listeners.count) }

    /// - Throws: `cannot_subscribe` if there are too many servers.
    func changes(of keys: Set<String>, at server: RedisEndpoint) throws(PluginError) -> KeyspaceListener.Changes {
        let changes = state.withLock { state -> KeyspaceListener.Changes? in
            if let changes = state.listeners[server]?.changes(of: keys) { return changes }
            guard state.listeners[server] != nil || state.listeners.count < RedisLimits.maxListeners else { return nil }
            let listener = KeyspaceListener(server)
            let changes = listener.changes(of: keys)
            state.listeners[server] = listener
            threads.start { [self] in
                listener.run()
                forget(listener, server)
            }
            return changes
        }
        guard let changes else {
            throw PluginError(
                .cannotSubscribe, "the plugin listens to \(RedisLimits.maxListeners) servers, which is the maximum"
            )
        }
        return changes
    }

    private func forget(_ listener: KeyspaceListener, _ server: RedisEndpoint) {
        state.withLock { state in
            if state.listeners[server] === listener { state.listeners[server] = nil }
        }
    }

    /// Checks that the server sends notifications for keys of that type. Blocks its thread.
    ///
    /// - Throws: `cannot_subscribe` if it does not, or its setting cannot be read.
    func check(_ server: RedisEndpoint, tells type: KeyType, _ session: RedisSession) throws(PluginError) {
        let flags = try flags(of: server, session)
        guard flags.contains("K"), flags.contains("A") || flags.contains(type.eventFlag) else {
            let set = flags.isEmpty ? "off" : "set to \(flags)"
            throw PluginError(
                .cannotSubscribe,
                "\(server.address) does not report changes to \(type.plural): notify-keyspace-events is \(set). For "
                    + "scaling without waiting for a poll, set it to K\(type.eventFlag)g")
        }
    }

    private func flags(of server: RedisEndpoint, _ session: RedisSession) throws(PluginError) -> String {
        let oldest = ContinuousClock.now - RedisLimits.settingAge
        if let known = state.withLock({ $0.settings[server] }), known.readAt >= oldest { return known.flags }
        let reply = try StandaloneRunner(session: session, server: server)
            .run(RedisCommand("CONFIG", "GET", Self.setting))
        guard let flags = reply.members[Self.setting]?.text else {
            throw PluginError(
                .cannotSubscribe,
                "\(server.address) does not allow checking whether it reports changes (\(Self.refusal(reply))). Allow "
                    + "the user to run CONFIG GET (+config|get)")
        }
        state.withLock { state in
            state.settings = state.settings.filter { $0.value.readAt >= oldest }
            state.settings[server] = (flags, .now)
        }
        return flags
    }

    private static let setting = "notify-keyspace-events"

    private static func refusal(_ reply: RedisReply) -> String {
        guard case .error(let error) = reply else { return "CONFIG GET \(setting) returned \(reply.shapeName)" }
        return Quoting.shortened(error.message)
    }
}

extension KeyType {
    /// The event class in `notify-keyspace-events`.
    fileprivate var eventFlag: Character {
        switch self {
        case .list: "l"
        case .set: "s"
        case .hash: "h"
        case .string: "$"
        case .stream: "t"
        case .sortedSet: "z"
        }
    }

    fileprivate var plural: String { self == .sortedSet ? "sorted sets" : self == .hash ? "hashes" : "\(rawValue)s" }
}
