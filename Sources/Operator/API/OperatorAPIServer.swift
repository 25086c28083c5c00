import HTTPTypes
import Hummingbird
import KubernetesClient
import Logging
import NIOCore
import ServiceLifecycle
import SystemIO
import WireFormats

/// Serves the operator's memory, read-only, to requests with the token. Only the leader has an answer.
struct OperatorAPIServer: Service {
    /// Refuses requests without the token, before anything else is known about them.
    private struct TokenCheck: RouterMiddleware {
        let token: APIToken

        @concurrent
        func handle(
            _ request: Request, context: ConnectionContext,
            next: @concurrent (Request, ConnectionContext) async throws -> Response
        ) async throws -> Response {
            guard token.accepts(request.headers[OperatorAPIServer.tokenHeader]) else {
                return OperatorAPIServer.problem(
                    .unauthorized,
                    "the header \(OperatorAPIServer.tokenHeader.rawName) must have the token of the operator's API")
            }
            return try await next(request, context)
        }
    }

    /// Not `Authorization`, which the API server's proxy removes.
    static let tokenHeader = HTTPField.Name("X-GeneralScaler-Token")!
    private static let eventsPath = "/v1/events"

    let configuration: APIConfiguration
    var limits = APILimits.connections
    var streamWriteTime = APILimits.streamWriteTime
    var streamTime = APILimits.streamTime
    let answers: APIAnswers
    let time: TimeSource
    let logger: Logger
    /// Called with the port once it is bound.
    let onBound: @Sendable (Int) -> Void

    func run() async throws {
        _ = try configuration.token.read()
        try await OpenConnections(limits).serve(
            router.buildResponder(), at: configuration.listen, option: "--api-listen", logger: logger,
            isLarge: { $0.uri.path == Self.eventsPath }, onBound: onBound)
    }

    private var router: Router<ConnectionContext> {
        let router = Router(context: ConnectionContext.self)
        router.add(middleware: TokenCheck(token: configuration.token))
        let turns = AsyncSemaphore(APILimits.answersAtOnce)
        router.get("v1/scalers") { [answers] _, _ in
            Self.answer(try await turns.withPermit { answers.scalers() })
        }
        router.get("v1/scalers/:namespace/:name") { [answers] _, context in
            let key = ObjectKey(
                namespace: try context.parameters.require("namespace"), name: try context.parameters.require("name"))
            return Self.answer(
                try await turns.withPermit { answers.scaler(key) },
                otherwise: "no such GeneralScaler, or not the leader")
        }
        router.get("v1/decisions") { [answers] request, _ in
            let after = request.uri.queryParameters["after"].flatMap { Int($0) } ?? 0
            return Self.answer(try await turns.withPermit { answers.decisions(after: after) })
        }
        router.get("v1/budgets") { [answers] _, _ in
            Self.answer(try await turns.withPermit { answers.budgets() })
        }
        router.get(RouterPath(Self.eventsPath)) { request, context in
            stream(
                after: request.uri.queryParameters["after"].flatMap { Int($0) } ?? 0,
                decisions: request.uri.queryParameters["decisions"].flatMap { Int($0) } ?? 0, on: context.channel)
        }
        return router
    }

    // MARK: Answers

    private static func answer(_ json: [UInt8]?, otherwise: String = "this process is not the leader") -> Response {
        guard let json else { return problem(.serviceUnavailable, otherwise) }
        return response(.ok, json)
    }

    private static func problem(_ status: HTTPResponse.Status, _ message: String) -> Response {
        response(status, JSON.object(["error": .string(message)]).encoded())
    }

    private static func response(_ status: HTTPResponse.Status, _ json: [UInt8]) -> Response {
        Response(
            status: status, headers: headers("application/json"), body: .init(byteBuffer: ByteBuffer(bytes: json)))
    }

    private static func headers(_ type: String) -> HTTPFields {
        [.contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
    }

    // MARK: Events

    /// Returns a response that ends when the reader is too slow or the operator stops.
    ///
    /// - Parameters:
    ///   - number: that of the newest state that the reader has.
    ///   - decisions: that of its newest decision.
    private func stream(after number: Int, decisions: Int, on channel: any Channel) -> Response {
        Response(
            status: .ok, headers: Self.headers("text/event-stream"),
            body: .init { writer in
                var responseWriter = writer
                try await stream(after: number, decisions: decisions, on: channel, to: &responseWriter)
                try await responseWriter.finish(nil)
            })
    }

    @concurrent
    private func stream(
        after number: Int, decisions: Int, on channel: any Channel, to writer: inout any ResponseBodyWriter
    ) async throws {
        var (number, decisions) = (number, decisions)
        let age = time.stopwatch()
        var silence = time.stopwatch()
        // Sends the head before the first event.
        try await writer.write(ByteBuffer(string: ":\n\n"))
        while !Task.isShuttingDownGracefully, channel.isActive, age() < streamTime {
            let event = answers.event(after: number, decisions: decisions)
            if let event { (number, decisions) = (event.number, event.decisions) }
            if event != nil || silence() >= APILimits.streamSilence {
                // Closes the connection if the reader does not take the event in time.
                let deadline = channel.eventLoop.scheduleTask(in: streamWriteTime) {
                    channel.close(promise: nil)
                }
                defer { deadline.cancel() }
                try await writer.write(ByteBuffer(bytes: event?.text ?? Array(":\n\n".utf8)))
                silence = time.stopwatch()
            }
            try await time.sleep(APILimits.streamInterval)
        }
    }
}
