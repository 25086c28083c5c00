import ClusterSimulator
import HTTPTransport
import WireFormats

/// The connection of one watch: receives the server's frames, and delivers them when the environment decides.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class WatchPipe: @unchecked Sendable {
    /// The fate of one frame.
    struct Fate {
        var delay: Duration
        var isDuplicated = false
        /// Whether later frames of other objects may arrive first.
        var mayArriveOutOfOrder = false
    }

    let path: String
    private let subscription: WatchSubscription
    private let timeline: Timeline
    private let fate: () -> Fate
    private let onClose: () -> Void
    private var arrived: [[UInt8]] = []
    /// Set once nothing more can be read; an inner nil is a normal end.
    private var ending: HTTPError??
    private var reader: CheckedContinuation<Void, Never>?
    private var lastArrival: Int64 = 0
    /// By object, because the API server keeps the order of one object's events.
    private var lastArrivals: [String: Int64] = [:]
    /// By number: sent frames that have not arrived.
    private var underway: [Int: [UInt8]] = [:]
    private var lastSent = 0
    private var newestArrived = 0
    private var isClosed = false
    /// Whether the connection is open but delivers nothing.
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

    /// Receives the server's new frames.
    func pump() {
        guard !isClosed, ending == nil else { return }
        let (frames, end) = subscription.poll()
        guard !isStalled else { return }
        for frame in frames { send(frame) }
        guard let end else { return }
        timeline.at(lastArrival + 1) { [self] in
            settle()
            finish(end == .complete ? .some(nil) : .some(Self.broken))
        }
    }

    private func send(_ frame: [UInt8]) {
        let fate = fate()
        let object = (try? JSON(parsing: frame))?["object"]?["metadata"]?["name"]?.stringValue ?? ""
        // Later by a microsecond, because events at the same time have no order.
        let inOrder = fate.mayArriveOutOfOrder ? 0 : lastArrival + 1
        let time = max(timeline.now + Timeline.microseconds(fate.delay), inOrder, (lastArrivals[object] ?? 0) + 1)
        if !fate.mayArriveOutOfOrder { lastArrival = time }
        lastArrivals[object] = time
        lastSent += 1
        let number = lastSent
        underway[number] = frame
        timeline.at(time) { [self] in arrive(number) }
        guard fate.isDuplicated else { return }
        timeline.at(time + 500_000) { [self] in
            guard ending == nil, !isStalled, lastArrivals[object] == time else { return }
            arrived.append(frame)
            wakeReader()
        }
    }

    private func arrive(_ number: Int) {
        guard ending == nil, !isStalled, let frame = underway.removeValue(forKey: number) else { return }
        newestArrived = max(newestArrived, number)
        arrived.append(frame)
        wakeReader()
    }

    /// Delivers earlier frames: a client resumes after the newest event that it has received.
    private func settle() {
        for number in underway.keys.sorted() where number < newestArrived { arrive(number) }
    }

    func stall() {
        settle()
        isStalled = true
    }

    /// Breaks the connection.
    func cut() {
        settle()
        finish(.some(Self.broken))
    }

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

    /// Closes the watch on the client's side.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        subscription.end(.cut)
        wakeReader()
        onClose()
    }
}
