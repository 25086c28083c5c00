import HTTPTypes
import Hummingbird
import WireFormats

/// Serves the API over HTTP: reads complete requests, writes responses, and streams watches.
struct HTTPShell: Sendable {
    let api: APIServer
    let clock: any Clock<Duration>
    let webhooks: WebhookCaller
    let pods: PodProxy

    /// Thrown to close the connection in the middle of a response.
    private struct BrokenOnPurpose: Error {}

    func respond(to request: Request) async -> Response {
        var headers: [String: String] = [:]
        for field in request.headers {
            let name = field.name.canonicalName
            headers[name] = headers[name].map { "\($0), \(field.value)" } ?? field.value
        }
        var read = APIRequest(request.method.rawValue, request.head.path ?? "/", headers: headers)
        // The body of a GET stays unread: a watch reads it to its end to detect that the client has disconnected.
        if request.method != .get {
            do {
                read.body = Array(buffer: try await request.body.collect(upTo: Limits.requestBody))
            } catch {
                return response(APIResponse(StatusError.tooLarge()), to: request)
            }
        }
        let verdict = api.admit(read)
        if let delay = verdict.delay { try? await clock.sleep(for: delay) }
        if verdict.answer == nil, let step = api.podProxy(read) {
            switch step {
            case .answer(let answer): return response(answer, to: request)
            case .forward(let port): return await pods.response(to: request, port: port)
            }
        }
        let answer = if let refused = verdict.answer { refused } else { await handle(read) }
        return verdict.breaksAnswer ? broken(answer) : response(answer, to: request)
    }

    /// Handles a request, and calls the webhooks that apply to it.
    private func handle(_ request: APIRequest) async -> APIResponse {
        var step = api.begin(request)
        while true {
            switch step {
            case .answer(let answer): return answer
            case .ask(let pending): step = api.resume(pending, await webhooks.outcomes(of: pending.calls))
            }
        }
    }

    private func response(_ answer: APIResponse, to request: Request) -> Response {
        let headers = headers(of: answer)
        switch answer.body {
        case .bytes(let bytes):
            return Response(
                status: .init(code: answer.status), headers: headers, body: .init(byteBuffer: .init(bytes: bytes)))
        case .watch(let subscription):
            return Response(
                status: .init(code: answer.status), headers: headers,
                body: .init { writer in
                    var responseWriter = writer
                    // A disconnected client is detected at the next write, at the latest with a bookmark.
                    try await stream(subscription, to: &responseWriter)
                    try await responseWriter.finish(nil)
                })
        }
    }

    @concurrent
    private func stream(_ subscription: WatchSubscription, to writer: inout any ResponseBodyWriter) async throws {
        defer { subscription.end(.cut) }
        // Sends the head before the first event.
        try await writer.write(ByteBuffer())
        while true {
            let (frames, ending) = await subscription.next()
            if !frames.isEmpty { try await writer.write(ByteBuffer(bytes: frames.joined())) }
            switch ending {
            case .complete: return
            case .cut: throw BrokenOnPurpose()
            case nil: continue
            }
        }
    }

    /// Returns a response that ends after half of its body.
    private func broken(_ answer: APIResponse) -> Response {
        guard case .bytes(let bytes) = answer.body else {
            if case .watch(let subscription) = answer.body { subscription.end(.cut) }
            return Response(status: .ok, body: .init { _ in throw BrokenOnPurpose() })
        }
        return Response(
            status: .init(code: answer.status), headers: headers(of: answer),
            body: .init(contentLength: bytes.count) { writer in
                try await writer.write(ByteBuffer(bytes: bytes.prefix(bytes.count / 2)))
                throw BrokenOnPurpose()
            })
    }

    private func headers(of answer: APIResponse) -> HTTPFields {
        var headers: HTTPFields = [.contentType: answer.contentType]
        for warning in answer.warnings {
            headers.append(
                HTTPField(name: .init("Warning")!, value: "299 - \(JSON.string(warning))"))
        }
        if let seconds = answer.retryAfterSeconds { headers[.retryAfter] = String(seconds) }
        return headers
    }
}
