package import HTTPTransport
import Synchronization
package import WireFormats

/// Receives whole answers of sources within a bound on what all of them take together: a small answer at any time, of
/// large ones a few at a time. The others wait for their turn with their server held back.
///
/// ```swift
/// let answer = try await receiver.receive(request)
/// let value = try answer.read { response in try parse(response.body) }
/// ```
package struct AnswerReceiver: Sendable {
    /// An answer, with its slot if it is a large one.
    package struct Answer: Sendable {
        private let response: HTTPResponse
        private let turn: LargeAnswers.Turn?

        fileprivate init(_ response: HTTPResponse, _ turn: LargeAnswers.Turn?) {
            self.response = response
            self.turn = turn
        }

        package var status: Int { response.status }

        /// Calls the body, and holds the slot until it returns.
        package func read<Value, Failure>(
            _ body: (HTTPResponse) throws(Failure) -> Value
        ) throws(Failure) -> Value {
            defer { withExtendedLifetime(turn) {} }
            return try body(response)
        }
    }

    private let client: any HTTPClient
    private let largeAnswers = LargeAnswers()

    package init(_ client: any HTTPClient) {
        self.client = client
    }

    /// Sends the request and waits for the complete answer, including the wait for a slot, within the request's
    /// timeout. The request asks for an answer that is not compressed: libcurl would decompress one beyond the bound.
    ///
    /// - Throws: ``HTTPError/Kind/bodyTooLarge`` if the body exceeds the request's limit;
    ///   ``HTTPError/Kind/invalidRequest`` if the server compresses the answer nevertheless.
    package func receive(_ request: HTTPRequest) async throws(HTTPError) -> Answer {
        var request = request
        request.boundsWholeStream = true
        // Not a part of an AWS signature, because a proxy may change it.
        request.headers.append(HTTPHeader("Accept-Encoding", "identity"))
        let stream = try await client.stream(request)
        do throws(HTTPError) {
            if let coding = stream.head.contentCoding {
                guard 200..<300 ~= stream.head.status else {
                    stream.cancel()
                    // The status says enough.
                    return Answer(HTTPResponse(head: stream.head, body: []), nil)
                }
                throw HTTPError(
                    .invalidRequest,
                    "the server compresses the answer (Content-Encoding: \(coding)), which the request did not ask for: "
                        + "turn compression off for this path, or read the server without the proxy that compresses")
            }
            var body: [UInt8] = []
            var turn: LargeAnswers.Turn?
            while let chunk = try await stream.nextChunk() {
                guard body.count + chunk.count <= request.maxBodyBytes else {
                    throw HTTPError(
                        .bodyTooLarge, "the answer is larger than \(request.maxBodyBytes) bytes")
                }
                if turn == nil, body.count + chunk.count > SourceLimits.smallAnswerBytes {
                    turn = try await largeAnswers.turn(within: request.timeout ?? SourceLimits.turnTime)
                }
                body += chunk
            }
            return Answer(HTTPResponse(head: stream.head, body: body), turn)
        } catch {
            stream.cancel()
            throw error
        }
    }
}

extension HTTPResponseHead {
    private static let maxShownCoding = 32

    /// The coding of the body as in the header Content-Encoding; nil if the body is sent as it is.
    fileprivate var contentCoding: String? {
        guard let coding = header("Content-Encoding"), !["", "identity"].contains(coding.lowercased()) else {
            return nil
        }
        return String(coding.prefix(Self.maxShownCoding))
    }
}

/// Limits that sources share.
package enum SourceLimits {
    /// The limits of a response with a token or another credential.
    package static let credential = JSONLimits(bytes: 256 << 10, nodes: 256, depth: 8)
    /// Bytes of a response that needs no slot.
    package static let smallAnswerBytes = 256 << 10
    /// The maximum number of larger responses that are received and read at one time.
    package static let largeAnswers = 2
    /// How long to wait for a slot if the request has no timeout.
    static let turnTime: Duration = .seconds(30)
}

/// The slots for receiving large answers.
private final class LargeAnswers: Sendable {
    /// A slot, released with the last reference.
    final class Turn: Sendable {
        private let owner: LargeAnswers

        init(_ owner: LargeAnswers) {
            self.owner = owner
        }

        deinit { owner.endTurn() }
    }

    private struct State {
        var free = SourceLimits.largeAnswers
        var lastID = 0
        var waiters: [(id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let state = Mutex(State())

    func turn(within time: Duration) async throws(HTTPError) -> Turn {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        // Awaited here: the task is cancelled when the slot is acquired.
        let limit = Task {
            try? await Task.sleep(for: time)
            leave(id)
        }
        defer { limit.cancel() }
        let hasTurn = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    guard state.free > 0 else {
                        state.waiters.append((id, continuation))
                        return nil
                    }
                    state.free -= 1
                    return true
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            leave(id)
        }
        guard hasTurn else {
            throw Task.isCancelled
                ? HTTPError(.cancelled, "cancelled")
                : HTTPError(
                    .deadline,
                    "other large answers are being read, and no slot became free in time")
        }
        return Turn(self)
    }

    private func leave(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
    }

    fileprivate func endTurn() {
        let next = state.withLock { state in
            if state.waiters.isEmpty {
                state.free += 1
                return nil as CheckedContinuation<Bool, Never>?
            }
            return state.waiters.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
