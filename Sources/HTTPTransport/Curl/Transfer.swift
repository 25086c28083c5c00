import CCurl

/// A request in flight: the request, the response so far, and its receiver.
///
/// `@unchecked Sendable`: made by the caller's task and handed over whole with ``LoopCommand/start(_:)``; from then on
/// only the loop thread touches it.
final class Transfer: @unchecked Sendable {
    enum Receiver {
        case whole(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
        case stream(CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>, StreamBody)
    }

    let id: UInt64
    let request: HTTPRequest
    let url: URLParts
    let deadline: ContinuousClock.Instant?
    /// Nil while the transfer waits for its turn, and after its end.
    var easy: EasyHandle?
    /// Why a callback of ours made libcurl give up; it knows better than libcurl's own "write error".
    private(set) var refusal: HTTPError?

    private let receiver: Receiver
    private var parser = ResponseHeadParser()
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []

    init(
        id: UInt64, request: HTTPRequest, url: URLParts, deadline: ContinuousClock.Instant?, receiver: Receiver
    ) {
        self.id = id
        self.request = request
        self.url = url
        self.deadline = deadline
        self.receiver = receiver
    }

    var isStream: Bool {
        if case .stream = receiver { true } else { false }
    }

    /// A stream's deadline ends with its head, unless it is that of the whole stream.
    var isBoundByDeadline: Bool { !isStream || head == nil || request.boundsWholeStream }

    /// Its deadline has passed: in what phase, and what to do.
    var deadlineError: HTTPError {
        let phase =
            if head != nil {
                "reading the body"
            } else if let easy {
                if easy.hasPassed(CURLINFO_PRETRANSFER_TIME_T) {
                    "waiting for the answer"
                } else if easy.hasPassed(CURLINFO_NAMELOOKUP_TIME_T) {
                    // libcurl 7.88 does not tell a TLS connection's two steps apart.
                    url.isTLS ? "connecting or in the TLS handshake" : "connecting"
                } else {
                    "looking up the name or waiting for a free connection"
                }
            } else {
                "waiting for its turn"
            }
        let limit = request.timeout.map { "\($0)" } ?? "no time"
        return HTTPError(
            .deadline, "\(url.authority) did not finish within \(limit): still \(phase); check it, or allow more time")
    }

    /// Returns false to make libcurl abort the transfer.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        switch parser.take(line) {
        case .more:
            return true
        case .head(let head):
            self.head = head
            if case .stream(let waiter, _) = receiver {
                waiter.resume(returning: .success(head))
            }
            return true
        case .tooLarge:
            refusal = HTTPError(
                .bodyTooLarge,
                "\(url.authority) sent more than \(HTTPLimits.headerBytes) bytes of headers; check which server answers there"
            )
            return false
        }
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) -> StreamBody.Offer {
        if case .stream(_, let stream) = receiver {
            return stream.offer(bytes)
        }
        guard bytes.count <= request.maxBodyBytes - body.count else {
            refusal = HTTPError(
                .bodyTooLarge,
                "\(url.authority) sent a body of more than \(request.maxBodyBytes) bytes; ask for less at a time")
            return .refused
        }
        body.append(contentsOf: bytes)
        return .taken
    }

    /// Resumes the waiting caller. Called once.
    func finish(_ result: Result<Void, HTTPError>) {
        let result = result.flatMap { () -> Result<HTTPResponseHead, HTTPError> in
            guard let head else {
                return .failure(HTTPError(.connectionLost, "\(url.authority) ended without an answer; try again"))
            }
            return .success(head)
        }
        switch receiver {
        case .whole(let waiter):
            waiter.resume(returning: result.map { HTTPResponse(head: $0, body: body) })
        case .stream(let waiter, let stream):
            if head == nil {
                waiter.resume(returning: result)
            } else {
                stream.end(result.map { _ in })
            }
        }
    }
}
