import CCurl

/// A request in flight: the request, the response so far, and its receiver.
///
/// `@unchecked Sendable`: created by the caller's task and handed over with ``LoopCommand/start(_:)``; afterwards only
/// the loop thread uses it.
final class Transfer: @unchecked Sendable {
    enum Receiver {
        case whole(CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>)
        case stream(CheckedContinuation<Result<HTTPResponseHead, HTTPError>, Never>, StreamBody)
    }

    let id: UInt64
    let request: HTTPRequest
    let url: URLParts
    let deadline: ContinuousClock.Instant?
    /// Nil while the transfer is queued, and after its end.
    var easy: EasyHandle?
    /// The error with which one of our callbacks aborted the transfer; more specific than libcurl's "write error".
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

    /// The error for a deadline that has passed: the phase, and the fix.
    var deadlineError: HTTPError {
        let phase =
            if head != nil {
                "reading the body"
            } else if let easy {
                if easy.hasPassed(CURLINFO_PRETRANSFER_TIME_T) {
                    "waiting for the answer"
                } else if easy.hasPassed(CURLINFO_NAMELOOKUP_TIME_T) {
                    // libcurl 7.88 does not distinguish the two phases of a TLS connection.
                    url.isTLS ? "connecting or in the TLS handshake" : "connecting"
                } else {
                    "resolving the name or waiting for a free connection"
                }
            } else {
                "queued"
            }
        // Rounded: what a call has left is no round number.
        let limit = request.timeout.map { "\(Duration.milliseconds(($0 / .milliseconds(1)).rounded()))" } ?? "no time"
        return HTTPError(
            .deadline,
            "\(url.authority) did not finish within \(limit) (\(phase)); check the server, or raise the timeout")
    }

    /// Adds a header line. Returns false to make libcurl abort the transfer.
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
                "\(url.authority) sent more than \(HTTPLimits.headerBytes) bytes of headers; check that the address is correct"
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
                "\(url.authority) sent a body of more than \(request.maxBodyBytes) bytes; request less data at a time")
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
