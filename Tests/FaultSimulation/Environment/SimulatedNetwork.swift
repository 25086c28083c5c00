import ClusterSimulator
import HTTPTransport

/// One operator's connection to the API server: requests are delayed, lost, or arrive after the caller has stopped
/// waiting.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class SimulatedNetwork: HTTPClient, @unchecked Sendable {
    /// The fate of one request.
    struct Fate {
        enum Request {
            case arrives
            /// Refused by the server or a proxy.
            case refused(APIResponse)
            case lost
        }

        enum Answer {
            case arrives
            /// Processed, but the connection breaks before the response is complete.
            case broken
            /// Processed, but there is no response.
            case lost
        }

        var request: Request = .arrives
        var answer: Answer = .arrives
        var way: Duration
        var wayBack: Duration
    }

    /// The functions of the environment that the network calls.
    struct Dependencies {
        let fate: (APIRequest) -> Fate
        let watchFate: () -> WatchPipe.Fate
        let isCut: () -> Bool
        /// Called when a request leaves the process.
        let sends: (APIRequest) -> Void
        /// Called when a request arrives.
        let serve: (_ request: APIRequest, _ sentAt: Int64, _ isAwaited: Bool) -> APIResponse
        /// Whether a request in flight still arrives after the death of its process.
        let arrivesAfterDeath: () -> Bool
    }

    private typealias Outcome = Result<APIResponse, HTTPError>

    private struct Call {
        let deadline: Timeline.Event?
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private let name: String
    private let timeline: Timeline
    private let environment: Dependencies
    private var calls: [Int: Call] = [:]
    private var pipes: [Int: WatchPipe] = [:]
    private var lastNumber = 0
    private(set) var isDead = false

    init(_ name: String, _ timeline: Timeline, _ environment: Dependencies) {
        self.name = name
        self.timeline = timeline
        self.environment = environment
    }

    var openCallCount: Int { calls.count }
    var openPipes: [WatchPipe] { pipes.sorted { $0.key < $1.key }.map(\.value) }

    /// Blocks all traffic of the process.
    func kill() {
        isDead = true
        breakCalls(HTTPError(.shutDown, "the process is gone"))
        for pipe in openPipes { pipe.close() }
    }

    /// Fails every waiting call with a broken connection.
    func breakCalls(_ error: HTTPError = HTTPError(.connectionLost, "connection reset")) {
        for call in calls.keys.sorted() { finish(call, .failure(error)) }
    }

    // MARK: HTTPClient

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let answer = try await exchange(request).get()
        guard case .bytes(let bytes) = answer.body else {
            throw HTTPError(.invalidRequest, "a watch has to be streamed")
        }
        return HTTPResponse(head: answer.head, body: bytes)
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let answer = try await exchange(request).get()
        switch answer.body {
        case .bytes(let bytes):
            let rest = OneChunk(bytes)
            return HTTPStream(head: answer.head, nextChunk: { rest.take() }, cancel: {})
        case .watch(let subscription):
            let pipe = open(subscription, path: request.url)
            return HTTPStream(head: answer.head, nextChunk: pipe.nextChunk, cancel: { pipe.close() })
        }
    }

    private func open(_ subscription: WatchSubscription, path: String) -> WatchPipe {
        lastNumber += 1
        let number = lastNumber
        let pipe = WatchPipe(
            subscription, path: path, timeline, fate: environment.watchFate,
            onClose: { [weak self] in self?.pipes[number] = nil })
        if isDead { pipe.close() } else { pipes[number] = pipe }
        pipe.pump()
        return pipe
    }

    private func exchange(_ request: HTTPRequest) async -> Outcome {
        lastNumber += 1
        let number = lastNumber
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if isDead { return continuation.resume(returning: .failure(HTTPError(.shutDown, "gone"))) }
                if Task.isCancelled { return continuation.resume(returning: .failure(Self.cancelled)) }
                let deadline = request.timeout.map { timeout in
                    timeline.after(timeout) { [self] in
                        finish(number, .failure(HTTPError(.deadline, "no answer came")))
                    }
                }
                calls[number] = Call(deadline: deadline, continuation: continuation)
                start(number, Self.apiRequest(request, from: name))
            }
        } onCancel: {
            self.finish(number, .failure(Self.cancelled))
        }
    }

    private static let cancelled = HTTPError(.cancelled, "cancelled")

    private func finish(_ number: Int, _ outcome: Outcome) {
        guard let call = calls.removeValue(forKey: number) else {
            // A response that is no longer awaited.
            if case .success(let answer) = outcome, case .watch(let subscription) = answer.body {
                subscription.end(.cut)
            }
            return
        }
        if let deadline = call.deadline { timeline.cancel(deadline) }
        call.continuation.resume(returning: outcome)
    }

    // MARK: The way there and back

    private func start(_ number: Int, _ request: APIRequest) {
        environment.sends(request)
        let fate = environment.fate(request)
        let sentAt = timeline.now
        timeline.after(fate.way) { [self] in
            guard !environment.isCut(), !isDead || environment.arrivesAfterDeath() else { return }
            switch fate.request {
            case .lost:
                finish(number, .failure(HTTPError(.connectionLost, "connection reset")))
            case .refused(let answer):
                timeline.after(fate.wayBack) { [self] in finish(number, .success(answer)) }
            case .arrives:
                let answer = environment.serve(request, sentAt, calls[number] != nil)
                comeBack(number, answer, fate)
            }
        }
    }

    private func comeBack(_ number: Int, _ answer: APIResponse, _ fate: Fate) {
        timeline.after(fate.wayBack) { [self] in
            let isLost = if case .lost = fate.answer { true } else { environment.isCut() }
            if isLost || isDead {
                if case .watch(let subscription) = answer.body { subscription.end(.cut) }
                return
            }
            if case .broken = fate.answer {
                if case .watch(let subscription) = answer.body { subscription.end(.cut) }
                return finish(number, .failure(HTTPError(.connectionLost, "cut in mid-answer")))
            }
            finish(number, .success(answer))
        }
    }

    private static func apiRequest(_ request: HTTPRequest, from name: String) -> APIRequest {
        var headers: [String: String] = [:]
        for header in request.headers { headers[header.name.lowercased()] = header.value }
        headers["user-agent"] = name
        let target = request.url.dropFirst(SimulatedNetwork.server.count)
        return APIRequest(request.method, String(target), headers: headers, body: request.body ?? [])
    }

    static let server = "http://simulated"
}

/// A body that arrives in one chunk.
private final class OneChunk: @unchecked Sendable {
    // Read by the only task that reads the stream, on the only thread.
    private var bytes: [UInt8]?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func take() -> [UInt8]? { bytes.take() }
}

extension APIResponse {
    fileprivate var head: HTTPResponseHead {
        var headers = [HTTPHeader("content-type", contentType)]
        if let retryAfterSeconds { headers.append(HTTPHeader("retry-after", String(retryAfterSeconds))) }
        return HTTPResponseHead(status: status, headers: headers)
    }
}
