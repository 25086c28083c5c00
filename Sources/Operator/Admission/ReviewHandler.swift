import NIOCore
import NIOHTTP1
import ScalerAPI
import SystemIO
import WireFormats

/// A connection of the admission webhook. Checks the head of a request before reading any of its body, and reads the
/// body when a slot is free.
final class ReviewHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Head {
        let isSecretPath: Bool
        let wantsContinue: Bool
        let startedAt: Duration
    }

    private enum State {
        case betweenRequests
        case waitingForTurn(Head)
        case readingBody(Head)
        case judging
        /// A response was sent before the end of the request, or the connection is closed. Nothing more is read.
        case ended
    }

    private let registry: ReviewRegistry
    private var state = State.betweenRequests
    private var body = ByteBuffer()
    private var isBodyWhole = false
    private var id: ReviewConnections.ID?
    /// The time at which the connection is closed, regardless of its state.
    private var deadline: Scheduled<Void>?
    /// The deadline for the slot, or for the body.
    private var stepDeadline: Scheduled<Void>?

    init(_ registry: ReviewRegistry) {
        self.registry = registry
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        id = registry.connect { channel.close(promise: nil) }
        guard id != nil else { return context.close(promise: nil) }
        setDeadline(registry.times.idle, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError, case .betweenRequests = state {
            refuse(.badRequest, "the request is not HTTP, or its headers are too large", context)
        } else {
            context.close(promise: nil)
        }
    }

    private func leave() {
        endStep()
        state = .ended
        deadline?.cancel()
        deadline = nil
        if let id { registry.disconnect(id) }
        id = nil
    }

    /// Releases what a request holds while its body is not read.
    private func endStep() {
        stepDeadline?.cancel()
        stepDeadline = nil
        body = ByteBuffer()
        switch state {
        case .waitingForTurn(let head):
            if let id { registry.leaveQueue(id) }
            registry.countFailure(since: head.startedAt)
        case .readingBody(let head):
            registry.endTurn()
            registry.countFailure(since: head.startedAt)
        case .betweenRequests, .judging, .ended: break
        }
    }

    private func setDeadline(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.close(promise: nil) }
    }

    private func setStepDeadline(
        _ time: TimeAmount, _ context: ChannelHandlerContext, _ status: HTTPResponseStatus, _ reason: String
    ) {
        stepDeadline?.cancel()
        stepDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            refuse(status, reason, context)
        }
    }

    private func setAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) {
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .betweenRequests): begin(head, context)
        case (.body(let bytes), .waitingForTurn), (.body(let bytes), .readingBody): take(bytes, context)
        // The complete request arrived with the head.
        case (.end, .waitingForTurn): isBodyWhole = true
        case (.end, .readingBody(let head)): read(head, context)
        case (_, .ended): break
        // A further request before the response; the API server never sends one.
        case (.head, _), (.body, _), (.end, _): context.close(promise: nil)
        }
    }

    private func begin(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let length = request.headers["content-length"].first.flatMap(Int.init) ?? 0
        setDeadline(registry.times.request, context)
        guard let path = registry.path, path.matches(request.uri), request.method == .POST else {
            return refuse(.notFound, "not found", context)
        }
        let head = Head(
            isSecretPath: path.isSecret,
            wantsContinue: request.headers["expect"].contains { $0.lowercased() == "100-continue" },
            startedAt: registry.time.elapsed())
        state = .waitingForTurn(head)
        guard length <= AdmissionLimits.bodyBytes else { return refuseTooLarge(context) }
        isBodyWhole = false
        setAutoRead(false, context)
        setStepDeadline(registry.times.turn, context, .serviceUnavailable, "too many reviews at once")
        guard let id else { return }
        registry.requestTurn(id) { [self] in takeTurn(head, context) }
    }

    private func takeTurn(_ head: Head, _ context: ChannelHandlerContext) {
        state = .readingBody(head)
        if isBodyWhole { return read(head, context) }
        setStepDeadline(registry.times.body, context, .requestTimeout, "the body of the review did not arrive in time")
        if head.wantsContinue {
            let interim = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(interim)), promise: nil)
        }
        setAutoRead(true, context)
    }

    private func take(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard body.readableBytes + bytes.readableBytes <= AdmissionLimits.bodyBytes else {
            return refuseTooLarge(context)
        }
        body.writeImmutableBuffer(bytes)
    }

    private func read(_ head: Head, _ context: ChannelHandlerContext) {
        let request: AdmissionRequest
        do throws(JSONPathError) {
            request = try AdmissionRequest(
                reading: body.readBytes(length: body.readableBytes)?[...] ?? [], isFromAPIServer: head.isSecretPath)
        } catch {
            return refuse(.badRequest, "this is not an AdmissionReview: \(error)", context)
        }
        stepDeadline?.cancel()
        body = ByteBuffer()
        state = .judging
        registry.endTurn()
        setAutoRead(false, context)
        if let id { registry.set(id, hasWholeRequest: true) }
        let this = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let review = ReviewRegistry.OpenReview(request: request, startedAt: head.startedAt) {
            [loop = context.eventLoop] in
            let answer = $0
            loop.execute { this.value.handler.answer(answer, this.value.context) }
        }
        if !registry.submit(review) { context.close(promise: nil) }
    }

    private func answer(_ answer: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .judging = state else { return }
        state = .betweenRequests
        write(.ok, type: "application/json", answer, context)
        setDeadline(registry.times.idle, context)
        setAutoRead(true, context)
        if let id { registry.set(id, hasWholeRequest: false) }
    }

    // MARK: Answers before the end of a request

    private func refuseTooLarge(_ context: ChannelHandlerContext) {
        refuse(.payloadTooLarge, "a review of more than \(AdmissionLimits.bodyBytes) bytes", context)
    }

    /// Sends the response and reads nothing more. The client closes the connection; otherwise the deadline does.
    private func refuse(_ status: HTTPResponseStatus, _ reason: String, _ context: ChannelHandlerContext) {
        endStep()
        state = .ended
        setAutoRead(false, context)
        write(status, type: "text/plain", ByteBuffer(string: reason + "\n"), context, isLast: true)
    }

    private func write(
        _ status: HTTPResponseStatus, type: String, _ body: ByteBuffer, _ context: ChannelHandlerContext,
        isLast: Bool = false
    ) {
        var headers = HTTPHeaders([("content-type", type), ("content-length", "\(body.readableBytes)")])
        if isLast { headers.add(name: "connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
