import ClusterSimulator
import HTTPTransport

/// The connection of one watch: takes what the server has to say, and lets it arrive when the world wants it.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see ``JobQueue``.
final class WatchPipe: @unchecked Sendable {
    /// What the world does with one frame.
    struct Fate {
        var delay: Duration
        var isDuplicated = false
        /// May arrive before what was sent earlier.
        var overtakes = false
    }

    let path: String
    private let subscription: WatchSubscription
    private let timeline: Timeline
    private let fate: () -> Fate
    private let onClose: () -> Void
    private var arrived: [[UInt8]] = []
    /// Set once nothing more can be read: nil within is the end in good order.
    private var ending: HTTPError??
    private var reader: CheckedContinuation<Void, Never>?
    private var lastArrival: Int64 = 0
    private var isClosed = false
    /// Open, and nothing comes through it any more.
    private(set) var isStalled = false

    init(
        _ subscription: WatchSubscription, path: String, _ timeline: Timeline, fate: @escaping () -> Fate,
        onClose: @escaping () -> Void
    ) {
        self.subscription = subscription
        self.path = path
        self.timeline = timeline
        self.fate = fate
        self.onClose = onClose
    }

    /// Takes what the server has sent since.
    func pump() {
        guard !isClosed, ending == nil else { return }
        let (frames, end) = subscription.poll()
        guard !isStalled else { return }
        for frame in frames { send(frame) }
        guard let end else { return }
        timeline.at(lastArrival) { [self] in finish(end == .complete ? .some(nil) : .some(Self.broken)) }
    }

    private func send(_ frame: [UInt8]) {
        let fate = fate()
        var time = timeline.now + Timeline.microseconds(fate.delay)
        if !fate.overtakes { time = max(time, lastArrival) }
        lastArrival = max(lastArrival, time)
        for copy in 0..<(fate.isDuplicated ? 2 : 1) {
            timeline.at(copy == 0 ? time : lastArrival + 500_000) { [self] in
                guard ending == nil, !isStalled else { return }
                arrived.append(frame)
                wakeReader()
            }
        }
    }

    func stall() { isStalled = true }

    /// The connection breaks.
    func cut() { finish(.some(Self.broken)) }

    private static let broken = HTTPError(.connectionLost, "the watch was cut")

    private func finish(_ how: HTTPError??) {
        guard ending == nil else { return }
        ending = how
        subscription.end(.cut)
        wakeReader()
    }

    private func wakeReader() {
        reader?.resume()
        reader = nil
    }

    // MARK: The client's end

    func nextChunk() async throws(HTTPError) -> [UInt8]? {
        while true {
            if isClosed { throw HTTPError(.cancelled, "cancelled") }
            if !arrived.isEmpty {
                defer { arrived = [] }
                return arrived.reduce(into: []) { $0 += $1 }
            }
            if let ending {
                close()
                if let error = ending { throw error }
                return nil
            }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    if Task.isCancelled { close() }
                    if isClosed { continuation.resume() } else { reader = continuation }
                }
            } onCancel: {
                self.close()
            }
        }
    }

    /// The client gives it up.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        subscription.end(.cut)
        wakeReader()
        onClose()
    }
}
