import NIOCore
import ScalerAPI
import SystemIO
import WireFormats

/// The shared state of the admission webhook's connections: the open connections, the slots for sending a body, and the
/// destination of reviews.
///
/// Unchecked: everything is used only on `loop`, which every method called by a connection checks.
final class ReviewRegistry: @unchecked Sendable {
    /// A review that waits for its response.
    struct OpenReview: Sendable {
        let request: AdmissionRequest
        let startedAt: Duration
        /// Sends the response. May be called from any thread.
        let answer: @Sendable (ByteBuffer) -> Void
    }

    private struct Waiting {
        let id: ReviewConnections.ID
        let begin: () -> Void
    }

    let loop: any EventLoop
    let times: ReviewTimes
    let time: TimeSource
    private let certificates: CertificateManager
    private let metrics: OperatorCounters
    private let reviews: AsyncStream<OpenReview>.Continuation
    private var connections = ReviewConnections(limit: AdmissionLimits.connections)
    private var freeTurns = AdmissionLimits.bodiesAtOnce
    private var waiting: CircularBuffer<Waiting> = []
    private var isClosed = false

    /// - Parameter reviews: receives each review; never holds more than there are connections.
    init(
        on loop: any EventLoop, certificates: CertificateManager, times: ReviewTimes, time: TimeSource,
        metrics: OperatorCounters, reviews: AsyncStream<OpenReview>.Continuation
    ) {
        self.loop = loop
        self.certificates = certificates
        self.times = times
        self.time = time
        self.metrics = metrics
        self.reviews = reviews
    }

    // MARK: Connections

    func connect(close: @escaping () -> Void) -> ReviewConnections.ID? {
        loop.preconditionInEventLoop()
        guard !isClosed else { return nil }
        let (id, displaced) = connections.add(close: close)
        displaced?()
        return id
    }

    func disconnect(_ id: ReviewConnections.ID) {
        loop.preconditionInEventLoop()
        connections.remove(id)
    }

    func set(_ id: ReviewConnections.ID, hasWholeRequest: Bool) {
        loop.preconditionInEventLoop()
        connections.set(id, hasWholeRequest: hasWholeRequest)
        if isClosed { closeIdle() }
    }

    /// Accepts no further request. Complete requests are still answered.
    func close() {
        loop.preconditionInEventLoop()
        isClosed = true
        closeIdle()
        reviews.finish()
    }

    private func closeIdle() {
        for close in connections.removeIdle() { close() }
    }

    // MARK: Requests

    /// The path to which the API server sends reviews; nil while unknown.
    var path: ReviewPath? { certificates.path }

    /// Counts a request with the right path that failed.
    func countFailure(since start: Duration) {
        metrics.countWebhook { $0.reviewed(.failed, after: time.elapsed() - start) }
    }

    /// Calls `begin`, possibly synchronously, when the body of that connection may be read.
    func requestTurn(_ id: ReviewConnections.ID, _ begin: @escaping () -> Void) {
        loop.preconditionInEventLoop()
        guard freeTurns > 0 else { return waiting.append(Waiting(id: id, begin: begin)) }
        freeTurns -= 1
        begin()
    }

    func leaveQueue(_ id: ReviewConnections.ID) {
        loop.preconditionInEventLoop()
        waiting.removeAll { $0.id == id }
    }

    func endTurn() {
        loop.preconditionInEventLoop()
        guard let next = waiting.popFirst() else {
            freeTurns += 1
            return
        }
        next.begin()
    }

    /// - Returns: false if reviews are no longer answered.
    func submit(_ review: OpenReview) -> Bool {
        loop.preconditionInEventLoop()
        if case .enqueued = reviews.yield(review) { return true }
        return false
    }
}

/// The path to which the API server sends reviews.
struct ReviewPath: Sendable, Hashable {
    /// The first part of the path, before the random part.
    static let base = "/validate"

    let text: String
    /// Whether the path contains a random part that only the API server knows.
    let isSecret: Bool

    /// - Parameter token: the random part; nil for a public path.
    init(token: String?) {
        text = token.map { "\(Self.base)/\($0)" } ?? Self.base
        isSecret = token != nil
    }

    /// Creates a random part.
    static func makeToken() -> String {
        let bytes = (0..<AdmissionLimits.pathBytes).map { _ in UInt8.random(in: .min ... .max) }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Validates a stored random part; returns nil if it is too short or has characters other than letters and digits.
    static func token(_ text: String) -> String? {
        let token = text.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
        let isPlain = token.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
        return isPlain && token.utf8.count >= AdmissionLimits.pathBytes ? token : nil
    }

    /// Compares a request's target, with or without a query, with this path in constant time.
    func matches(_ target: String) -> Bool {
        let asked = Array(target.utf8.prefix { $0 != UInt8(ascii: "?") })
        let own = Array(text.utf8)
        guard asked.count == own.count else { return false }
        return zip(asked, own).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
