import ClusterSimulator
import HTTPTransport
import Synchronization

/// Carries requests to a simulated API server in this process: no sockets, no waiting.
final class InMemoryTransport: HTTPClient {
    private struct OpenWatch {
        let watch: WatchSubscription
        /// The reader has dealt with all it got and asks for more.
        var isAsking = false
    }

    private let api: APIServer
    private let watches = Mutex<[Int: OpenWatch]>([:])
    private let lastWatch = Atomic<Int>(0)

    init(api: APIServer) {
        self.api = api
    }

    /// Every watch has been read to its end so far, and what was read has been dealt with.
    var isQuiet: Bool {
        watches.withLock { $0.values.allSatisfy { $0.isAsking && !$0.watch.hasWaitingFrames } }
    }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let answer = try answer(request)
        guard case .bytes(let bytes) = answer.body else {
            throw HTTPError(.invalidRequest, "a watch has to be streamed")
        }
        return HTTPResponse(head: head(of: answer), body: bytes)
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let answer = try answer(request)
        switch answer.body {
        case .bytes(let bytes):
            let rest = Mutex<[UInt8]?>(bytes)
            return HTTPStream(head: head(of: answer), nextChunk: { rest.withLock { $0.take() } }, cancel: {})
        case .watch(let watch):
            let id = lastWatch.add(1, ordering: .relaxed).newValue
            watches.withLock { $0[id] = OpenWatch(watch: watch) }
            return HTTPStream(
                head: head(of: answer),
                nextChunk: { [self] () throws(HTTPError) in
                    watches.withLock { $0[id]?.isAsking = true }
                    let (frames, ending) = await watch.next()
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
