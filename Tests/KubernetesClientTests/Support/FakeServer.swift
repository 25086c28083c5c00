import HTTPTransport
import Synchronization
import WireFormats

/// An HTTP transport whose other end is the test: each request waits until the test receives and answers it.
final class FakeServer: HTTPClient {
    /// A request that waits for its answer.
    struct Exchange: Sendable {
        let request: HTTPRequest
        fileprivate let reply: Reply

        /// Such as `GET /api/v1/...?limit=1`.
        var line: String { "\(request.method) \(request.url.replacing("https://api.test", with: ""))" }

        var body: JSON? { request.body.flatMap { try? JSON(parsing: $0) } }

        func header(_ name: String) -> String? { HTTPResponseHead(status: 0, headers: request.headers).header(name) }

        func answer(_ body: JSON) { answer(200, body) }

        func answer(_ status: Int, headers: [HTTPHeader] = [], _ body: JSON) {
            answer(status, headers: headers, text: body.description)
        }

        func answer(_ status: Int = 200, headers: [HTTPHeader] = [], text: String) {
            let head = HTTPResponseHead(status: status, headers: headers)
            reply.give(.success((head, .init(whole: Array(text.utf8)))))
        }

        func fail(_ kind: HTTPError.Kind) { reply.give(.failure(HTTPError(kind, "\(kind) with api.test"))) }

        /// Answers 200 with a body that the test writes.
        func stream() -> FakeBody {
            let body = FakeBody()
            reply.give(.success((HTTPResponseHead(status: 200, headers: []), body)))
            return body
        }
    }

    fileprivate typealias Answer = Result<(HTTPResponseHead, FakeBody), HTTPError>

    fileprivate final class Reply: Sendable {
        private let answer: AsyncStream<Answer>.Continuation
        let answers: AsyncStream<Answer>

        init() { (answers, answer) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1)) }

        func give(_ result: Answer) {
            answer.yield(result)
            answer.finish()
        }
    }

    private let exchanges: AsyncStream<Exchange>
    private let arrived: AsyncStream<Exchange>.Continuation

    init() { (exchanges, arrived) = AsyncStream.makeStream() }

    /// Waits for the client's next request and returns it. Called by one task.
    func next() async throws -> Exchange {
        for await exchange in exchanges { return exchange }
        throw CancellationError()
    }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let (head, body) = try await exchange(request)
        return HTTPResponse(head: head, body: try await body.rest())
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let (head, body) = try await exchange(request)
        return HTTPStream(head: head, nextChunk: body.next, cancel: body.cancel)
    }

    private func exchange(_ request: HTTPRequest) async throws(HTTPError) -> (HTTPResponseHead, FakeBody) {
        let reply = Reply()
        arrived.yield(Exchange(request: request, reply: reply))
        for await answer in reply.answers { return try answer.get() }
        throw HTTPError(.cancelled, "cancelled")
    }
}

/// A body that the test writes in pieces.
final class FakeBody: Sendable {
    private typealias Piece = Result<[UInt8], HTTPError>

    private let pieces: AsyncStream<Piece>
    private let input: AsyncStream<Piece>.Continuation
    /// Finishes once the reader has cancelled the body.
    let cancelled: AsyncStream<Never>
    private let cancellation: AsyncStream<Never>.Continuation

    init() {
        (pieces, input) = AsyncStream.makeStream()
        (cancelled, cancellation) = AsyncStream.makeStream()
    }

    fileprivate convenience init(whole: [UInt8]) {
        self.init()
        input.yield(.success(whole))
        input.finish()
    }

    func send(_ text: String) { input.yield(.success(Array(text.utf8))) }
    func send(_ type: String, _ object: JSON) { send("\(["type": .string(type), "object": object] as JSON)\n") }
    func end() { input.finish() }

    func fail(_ kind: HTTPError.Kind) {
        input.yield(.failure(HTTPError(kind, "\(kind) with api.test")))
        input.finish()
    }

    func wasCancelled() async { for await _ in cancelled {} }

    @Sendable fileprivate func next() async throws(HTTPError) -> [UInt8]? {
        for await piece in pieces { return try piece.get() }
        if Task.isCancelled { throw HTTPError(.cancelled, "cancelled") }
        return nil
    }

    @Sendable fileprivate func cancel() {
        fail(.cancelled)
        cancellation.finish()
    }

    fileprivate func rest() async throws(HTTPError) -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try await next() { bytes += piece }
        return bytes
    }
}
