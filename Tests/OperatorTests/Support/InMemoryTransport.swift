import ClusterSimulator
import HTTPTransport
import Synchronization
import TestSupport

/// Sends requests to a simulated API server in this process without sockets or delays, except on request of the test.
final class InMemoryTransport: HTTPClient {
    private struct OpenWatch {
        let watch: WatchSubscription
        let url: String
        /// Whether the reader has processed everything and waits for more.
        var isAsking = false
    }

    private struct Network {
        var isCut = false
        /// Whether the process has ended, so that no call waits for an answer.
        var isDead = false
        /// Whether open watches deliver nothing new.
        var isFrozen = false
        /// The requests that are held until ``release()``.
        var holds: @Sendable (HTTPRequest) -> Bool = { _ in false }
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let api: APIServer
    private let clock: ManualClock
    private let userAgent: String
    private let watches = Mutex<[Int: OpenWatch]>([:])
    private let lastWatch = Atomic<Int>(0)
    private let network = Mutex(Network())

    /// - Parameter userAgent: the client's name in the server's log.
    init(api: APIServer, clock: ManualClock, userAgent: String) {
        self.api = api
        self.clock = clock
        self.userAgent = userAgent
    }

    /// Whether every watch has been read to its end, and all events have been processed.
    var isQuiet: Bool {
        let isFrozen = network.withLock(\.isFrozen)
        return watches.withLock { $0.values.allSatisfy { isFrozen || $0.isAsking && !$0.watch.hasWaitingFrames } }
    }

    /// The URLs of the open watches.
    var watchedURLs: [String] { watches.withLock { $0.values.map(\.url) } }

    // MARK: Trouble

    /// Blocks all responses and breaks watches from now on.
    func cut() {
        network.withLock { $0.isCut = true }
        for watch in watches.withLock(\.values) { watch.watch.end(.cut) }
    }

    /// The same permanently, for a process that has ended: its calls end immediately, not at their deadline.
    func kill() {
        network.withLock { $0.isDead = true }
        cut()
    }

    func restore() { network.withLock { $0.isCut = false } }

    /// Holds matching requests from now on. Cancelling does not withdraw them.
    func hold(_ requests: @escaping @Sendable (HTTPRequest) -> Bool) { network.withLock { $0.holds = requests } }

    var isHolding: Bool { network.withLock { !$0.held.isEmpty } }

    /// Makes open watches deliver nothing new from now on, like a server that is behind.
    func freezeWatches() { network.withLock { $0.isFrozen = true } }

    /// Ends this for watches opened from now on.
    func thawWatches() { network.withLock { $0.isFrozen = false } }

    /// Releases the held requests, and holds no others.
    func release() {
        let held = network.withLock { network in
            network.holds = { _ in false }
            defer { network.held = [] }
            return network.held
        }
        for request in held { request.resume() }
    }

    private func travel(_ request: HTTPRequest) async throws(HTTPError) {
        if network.withLock({ $0.holds(request) }) {
            await withCheckedContinuation { continuation in
                network.withLock { $0.held.append(continuation) }
            }
        }
        let (isCut, isDead) = network.withLock { ($0.isCut, $0.isDead) }
        if isDead { throw HTTPError(.cancelled, "the process was killed") }
        guard isCut else { return }
        do { try await clock.sleep(for: request.timeout ?? .seconds(60)) } catch {
            throw HTTPError(.cancelled, "cancelled")
        }
        throw HTTPError(.deadline, "no answer came")
    }

    // MARK: Requests

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try await travel(request)
        let answer = try answer(request)
        guard case .bytes(let bytes) = answer.body else {
            throw HTTPError(.invalidRequest, "a watch has to be streamed")
        }
        return HTTPResponse(head: head(of: answer), body: bytes)
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        try await travel(request)
        let answer = try answer(request)
        switch answer.body {
        case .bytes(let bytes):
            let rest = Mutex<[UInt8]?>(bytes)
            return HTTPStream(head: head(of: answer), nextChunk: { rest.withLock { $0.take() } }, cancel: {})
        case .watch(let watch):
            let id = lastWatch.add(1, ordering: .relaxed).newValue
            watches.withLock { $0[id] = OpenWatch(watch: watch, url: request.url) }
            return HTTPStream(
                head: head(of: answer),
                nextChunk: { [self] () throws(HTTPError) in
                    watches.withLock { $0[id]?.isAsking = true }
                    var (frames, ending) = await watch.next()
                    while ending == nil, network.withLock(\.isFrozen) { (frames, ending) = await watch.next() }
                    watches.withLock { $0[id]?.isAsking = false }
                    if !frames.isEmpty { return Array(frames.joined()) }
                    watches.withLock { $0[id] = nil }
                    guard ending == .complete else { throw HTTPError(.connectionLost, "the watch was cut") }
                    return nil
                },
                cancel: { [self] in
                    watches.withLock { $0[id] = nil }
                    watch.end(.cut)
                })
        }
    }

    private func answer(_ request: HTTPRequest) throws(HTTPError) -> APIResponse {
        let target = request.url.dropFirst("http://simulated".count)
        var headers: [String: String] = [:]
        for header in request.headers { headers[header.name.lowercased()] = header.value }
        headers["user-agent"] = userAgent
        let call = APIRequest(request.method, String(target), headers: headers, body: request.body ?? [])
        let verdict = api.admit(call)
        let answer = verdict.answer ?? api.handle(call)
        if verdict.breaksAnswer { throw HTTPError(.connectionLost, "cut in mid-answer") }
        return answer
    }

    private func head(of answer: APIResponse) -> HTTPResponseHead {
        var headers = [HTTPHeader("content-type", answer.contentType)]
        if let seconds = answer.retryAfterSeconds { headers.append(HTTPHeader("retry-after", String(seconds))) }
        return HTTPResponseHead(status: answer.status, headers: headers)
    }
}
