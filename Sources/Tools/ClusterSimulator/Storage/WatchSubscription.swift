import Synchronization

/// The server's end of one watch: frames wait here, up to a bound, until the client takes them.
///
/// A client that reads too slowly is cut off, as the real server does: it must start a new watch from the last revision
/// it saw.
package final class WatchSubscription: Sendable {
    package enum Ending: Sendable {
        /// The stream ends in good order: the time-out of the watch.
        case complete
        /// The connection breaks: a watcher too slow, or a fault that a test asked for.
        case cut
    }

    private struct State {
        var frames: [[UInt8]] = []
        /// Frames of the initial state, which the bound does not count.
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

    /// Whether the client has yet to take something.
    package var hasWaitingFrames: Bool { state.withLock { !$0.frames.isEmpty || $0.ending != nil } }

    func offer(_ frame: [UInt8]) {
        change { state in
            guard state.ending == nil else { return }
            if state.frames.count - state.uncounted >= limit { state.ending = .cut } else { state.frames.append(frame) }
        }
    }

    /// Ends the watch; what waits already is still delivered unless it is cut.
    package func end(_ ending: Ending) {
        change { state in
            if state.ending == nil { state.ending = ending }
        }
    }

    /// Returns the frames that wait now, without waiting for more.
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
