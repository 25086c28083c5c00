import Synchronization

/// The server's end of one watch, which queues frames for the client up to a limit.
///
/// A client that reads too slowly is disconnected, as by the real server, and has to start a new watch from its last
/// revision.
package final class WatchSubscription: Sendable {
    package enum Ending: Sendable {
        /// The stream ends normally: the watch has timed out.
        case complete
        /// The connection breaks: the client is too slow, or a test injects a fault.
        case cut
    }

    private struct State {
        var frames: [[UInt8]] = []
        /// The frames of the initial state, which the limit does not count.
        var uncounted = 0
        var ending: Ending?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let limit: Int

    init(initial: [[UInt8]], limit: Int) {
        self.limit = limit
        state.withLock {
            $0.frames = initial
            $0.uncounted = initial.count
        }
    }

    package var isEnded: Bool { state.withLock { $0.ending != nil } }

    /// Whether frames or the end are pending.
    package var hasWaitingFrames: Bool { state.withLock { !$0.frames.isEmpty || $0.ending != nil } }

    func offer(_ frame: [UInt8]) {
        change { state in
            guard state.ending == nil else { return }
            if state.frames.count - state.uncounted >= limit { state.ending = .cut } else { state.frames.append(frame) }
        }
    }

    /// Ends the watch. Queued frames are still delivered, unless the watch is cut.
    package func end(_ ending: Ending) {
        change { state in
            if state.ending == nil { state.ending = ending }
        }
    }

    /// Returns the queued frames without waiting.
    package func poll() -> (frames: [[UInt8]], ending: Ending?) {
        state.withLock { Self.take(&$0) }
    }

    /// Waits for at least one frame or the end. One caller at a time.
    package func next() async -> (frames: [[UInt8]], ending: Ending?) {
        while true {
            let (frames, ending) = poll()
            if !frames.isEmpty || ending != nil { return (frames, ending) }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        guard state.frames.isEmpty, state.ending == nil else { return true }
                        state.waiter = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                end(.cut)
            }
        }
    }

    private static func take(_ state: inout State) -> (frames: [[UInt8]], ending: Ending?) {
        if state.ending == .cut {
            state.frames = []
            return ([], .cut)
        }
        defer {
            state.frames = []
            state.uncounted = 0
        }
        return (state.frames, state.ending)
    }

    private func change(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
