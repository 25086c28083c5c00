import HTTPTransport
import HTTPTypes
import Hummingbird
package import Logging
import NIOCore
import Operator
import Synchronization
import WireFormats

/// Serves the console's page on the loopback interface, and the operator's API to this page alone.
package struct ConsoleServer: Sendable {
    private static let eventsPath = "/v1/events"
    /// Nothing but the page's own files is loaded, and no other page may contain it.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"
    private static let files: [String: (type: String, content: @Sendable () -> [UInt8])] = [
        "/": ("text/html; charset=utf-8", { PackageResources.console_html }),
        "/console.css": ("text/css; charset=utf-8", { PackageResources.console_css }),
        "/console.js": ("text/javascript; charset=utf-8", script),
    ]

    /// One script: its parts are separate files only in the sources.
    static func script() -> [UInt8] {
        PackageResources.charts_js + PackageResources.whatif_js + PackageResources.budgets_js
            + PackageResources.console_js
    }

    private let port: Int
    private let upstream: any UpstreamAPI
    private let whatIf: WhatIf
    private let logger: Logger
    private let onBound: @Sendable (String) -> Void
    private let gate = ConsoleGate()

    /// - Parameters:
    ///   - port: on 127.0.0.1; 0 for a free one.
    ///   - sources: the readings for replays, besides the operator's memory.
    ///   - onBound: called with the link for the browser, which works once.
    package init(
        port: Int, upstream: any UpstreamAPI, sources: ReplaySources = ReplaySources(), logger: Logger,
        onBound: @escaping @Sendable (String) -> Void
    ) {
        self.port = port
        self.upstream = upstream
        whatIf = WhatIf(upstream: upstream, sources: sources)
        self.logger = logger
        self.onBound = onBound
    }

    /// Serves until a graceful shutdown.
    package func run() async throws {
        let bound = BoundPort()
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            await respond(to: request, port: bound.value)
        }
        try await OpenConnections(ConsoleLimits.connections).serve(
            responder, at: ListenAddress(host: "127.0.0.1", port: port), option: "--port", logger: logger,
            isLarge: { $0.uri.path == Self.eventsPath },
            onBound: { [gate, onBound] port in
                bound.value = port
                onBound(gate.link(port: port))
            })
    }

    /// The port that the system chose, set once before the first request.
    private final class BoundPort: Sendable {
        private let state = Mutex(0)
        var value: Int {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    private func respond(to request: Request, port: Int) async -> Response {
        switch gate.verdict(on: arrival(request, port: port), port: port) {
        case .refuse(let status, let message):
            return Self.response(.init(code: status), Self.json(error: message), type: "application/json")
        case .admit(let cookie):
            var response = Self.response(.seeOther, [], type: "text/plain")
            response.headers[.location] = "/"
            response.headers[.setCookie] = cookie
            return response
        case .pass: break
        }
        if let question = WhatIf.Question(path: request.uri.path) { return await answer(question, request) }
        if let file = Self.files[request.uri.path] { return Self.response(.ok, file.content(), type: file.type) }
        guard let path = Self.apiPath(request) else {
            return Self.response(.notFound, Self.json(error: "no such page"), type: "application/json")
        }
        return await forward(path, isStream: request.uri.path == Self.eventsPath)
    }

    private func arrival(_ request: Request, port: Int) -> ConsoleGate.Arrival {
        return ConsoleGate.Arrival(
            method: request.method.rawValue, path: request.uri.path,
            token: request.uri.queryParameters["token"].map(String.init),
            host: request.head.authority, origin: request.headers[.origin],
            site: request.headers[HTTPField.Name("Sec-Fetch-Site")!],
            type: request.headers[.contentType],
            cookie: request.cookies[ConsoleGate.cookieName(port: port)]?.value)
    }

    // MARK: What-if

    private func answer(_ question: WhatIf.Question, _ request: Request) async -> Response {
        do {
            let answer = try await request.body.consumeWithCancellationOnInboundClose { body in
                let bytes = try await body.collect(upTo: ConsoleLimits.requestBytes)
                return try await whatIf.answer(question, Array(bytes.readableBytesView))
            }
            switch answer {
            case .json(let json): return Self.response(.ok, json.encoded(), type: "application/json")
            case .page(let page):
                var response = Self.response(.ok, page, type: "text/html; charset=utf-8")
                // Saved as a file: its script must not run on this page's origin.
                response.headers[.contentDisposition] = "attachment; filename=\"report.html\""
                return response
            }
        } catch let problem as WhatIfProblem {
            return Self.response(.unprocessableContent, problem.json.encoded(), type: "application/json")
        } catch let error as UpstreamError {
            return Self.problem(error.description)
        } catch let error as HTTPTransport.HTTPError {
            return Self.problem(error.message)
        } catch is CancellationError {
            return Self.response(.requestTimeout, Self.json(error: "the reader has left"), type: "application/json")
        } catch {
            return Self.response(
                .contentTooLarge, Self.json(error: "the request has more than \(ConsoleLimits.requestBytes) bytes"),
                type: "application/json")
        }
    }

    // MARK: The operator's API

    /// Returns the path of the API with its query; nil for one that the API does not have.
    static func apiPath(_ request: Request) -> String? {
        let parts = request.uri.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map(String.init)
        let areNames = parts.dropFirst(2).allSatisfy(isName)
        switch parts.joined(separator: "/") {
        case "v1/scalers", "v1/decisions", "v1/budgets", "v1/events": break
        case let path where path.hasPrefix("v1/scalers/") && parts.count == 4 && areNames: break
        default: return nil
        }
        let query = ["after", "decisions"].compactMap { name in
            request.uri.queryParameters[Substring(name)].flatMap { Int($0) }.map { "\(name)=\($0)" }
        }
        return parts.joined(separator: "/") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// Returns whether the text can be the name of a namespace or an object.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.first != "."
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            }
    }

    private func forward(_ path: String, isStream: Bool) async -> Response {
        do throws(UpstreamError) {
            let stream = try await upstream.open(path)
            let status = stream.head.status
            guard status == 200 else {
                stream.cancel()
                await upstream.reset()
                return Self.problem(Self.meaning(of: status))
            }
            return Self.response(
                .ok, type: isStream ? "text/event-stream" : "application/json",
                body: .init { writer in
                    var responseWriter = writer
                    try await Self.copy(stream, to: &responseWriter, limit: isStream ? .max : ConsoleLimits.answerBytes)
                    try await responseWriter.finish(nil)
                })
        } catch {
            return Self.problem(error.description)
        }
    }

    static func meaning(of status: Int) -> String {
        switch status {
        case 401: "the operator refuses the token: check that the console and the operator use the same Secret"
        case 403: "the API server refuses access to pods/proxy: see the Role in the console's documentation"
        case 404: "the leader's pod is gone; another replica will lead soon"
        case 503: "no answer from a leader: the operator has no API, does not lead, or does not know the scaler"
        default: "the operator's API answered with status \(status)"
        }
    }

    @concurrent
    private static func copy(
        _ stream: HTTPStream, to writer: inout any ResponseBodyWriter, limit: Int
    ) async throws {
        defer { stream.cancel() }
        var rest = limit
        while let chunk = try await stream.nextChunk() {
            rest -= chunk.count
            guard rest >= 0 else { throw UpstreamError(description: "the operator's answer is too large") }
            try await writer.write(ByteBuffer(bytes: chunk))
        }
    }

    // MARK: Responses

    private static func json(error message: String) -> [UInt8] {
        JSON.object(["error": .string(message)]).encoded()
    }

    private static func problem(_ message: String) -> Response {
        response(.badGateway, json(error: message), type: "application/json")
    }

    private static func response(_ status: HTTPResponse.Status, _ body: [UInt8], type: String) -> Response {
        response(status, type: type, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    private static func response(_ status: HTTPResponse.Status, type: String, body: ResponseBody) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: type, .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
                .contentSecurityPolicy: policy, HTTPField.Name("Referrer-Policy")!: "no-referrer",
                HTTPField.Name("Cross-Origin-Resource-Policy")!: "same-origin",
                HTTPField.Name("Cross-Origin-Opener-Policy")!: "same-origin",
            ],
            body: body)
    }
}
