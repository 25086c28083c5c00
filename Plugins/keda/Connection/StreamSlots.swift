import PluginSDK
import Synchronization

/// The streams of one connection, which are at most as many as the server allows: HTTP/2 would silently hold
/// back a further one.
final class StreamSlots: Sendable {
    private struct State {
        /// By number; the newest has the highest.
        var open: [Int: @Sendable (PluginError) -> Void] = [:]
        var last = 0
        var limit = KedaLimits.maxStreams
    }

    private let state = Mutex(State())

    /// Takes a slot.
    ///
    /// - Parameters:
    ///   - share: the part of all streams that may be used for this one: 1 for all, 4 for a quarter.
    ///   - end: called if the server allows fewer streams than are open, and this is one of the newest.
    /// - Throws: `cannot_subscribe` if the server allows no more streams.
    func take(share: Int = 1, _ end: @escaping @Sendable (PluginError) -> Void) throws(PluginError) -> Int {
        try state.withLock { state throws(PluginError) in
            guard state.open.count < state.limit / share else { throw Self.exceeded(state.limit) }
            state.last += 1
            state.open[state.last] = end
            return state.last
        }
    }

    func giveBack(_ slot: Int) {
        state.withLock { _ = $0.open.removeValue(forKey: slot) }
    }

    /// Applies the server's limit, and ends the newest streams that exceed it.
    func limit(to count: Int) {
        let (ended, limit) = state.withLock { state in
            state.limit = min(max(0, count), KedaLimits.maxStreams)
            let excess = state.open.keys.sorted().dropFirst(state.limit)
            return (excess.compactMap { state.open.removeValue(forKey: $0) }, state.limit)
        }
        for end in ended { end(Self.exceeded(limit)) }
    }

    private static func exceeded(_ limit: Int) -> PluginError {
        PluginError(
            .cannotSubscribe,
            "the external scaler allows \(limit) streams on a connection, and all are in use: this metric is only polled"
        )
    }
}
