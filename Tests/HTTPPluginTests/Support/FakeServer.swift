import HTTPTransport
import PluginSDK
import SourceSupport
import Synchronization

@testable import generalscaler_plugin_http

/// An HTTP client that answers what the test says, in order, and keeps what it was asked.
final class FakeServer: HTTPClient {
    typealias Reply = Result<HTTPResponse, HTTPError>

    private struct State {
        var replies: [Reply]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>

    init(_ replies: Reply...) {
        state = Mutex(State(replies: replies))
    }

    /// Answers with this status and body.
    convenience init(status: Int = 200, _ body: String, type: String = "application/json") {
        self.init(.answer(status: status, body, type: type))
    }

    var requests: [HTTPRequest] { state.withLock(\.requests) }

    func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let reply = state.withLock { state in
            state.requests.append(request)
            return state.replies.isEmpty
                ? .failure(HTTPError(.connect, "no reply is left")) : state.replies.removeFirst()
        }
        return try reply.get()
    }

    func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        let response = try await send(request)
        let body = Mutex<[UInt8]?>(response.body)
        return HTTPStream(head: response.head, nextChunk: { body.withLock { $0.take() } }, cancel: {})
    }
}

extension FakeServer.Reply {
    static func answer(
        status: Int = 200, _ body: String, type: String = "application/json", headers: [HTTPHeader] = []
    ) -> Self {
        let head = HTTPResponseHead(status: status, headers: [HTTPHeader("Content-Type", type)] + headers)
        return .success(HTTPResponse(head: head, body: Array(body.utf8)))
    }
}

/// Files that a test names.
struct FakeFiles: FileReader {
    var texts: [String: String] = [:]

    func contents(of path: String) throws(FileError) -> [UInt8] {
        guard let text = texts[path] else { throw FileError(path: path, reason: "No such file or directory") }
        return Array(text.utf8)
    }
}

extension HTTPPlugin {
    /// 2026-11-30T01:23:45.678901Z.
    static let now: Int64 = 1_796_001_825_678_901

    /// The plugin on a machine that has nothing but these.
    init(
        client: any HTTPClient, files: any FileReader = FakeFiles(), localClient: (any HTTPClient)? = nil,
        environment: [String: String] = [:]
    ) {
        self.init(
            client: client, localClient: localClient ?? client, files: files, environment: environment,
            nowMicroseconds: { Self.now })
    }

    /// One call with these fields of the config; `url` has a default.
    func value(
        _ fields: String = "", url: String = "http://shop:8080/queue", timeout: Duration = .seconds(10)
    ) async throws -> MetricReading {
        let text = #"{"url": "\#(url)"\#(fields.isEmpty ? "" : ", ")\#(fields)}"#
        let config = try HTTPSourceConfig(parsing: text)
        return try await value(
            for: MetricRequest(config: config, targetType: .averageValue, deadline: .now + timeout))
    }

    /// Returns the error that the call ends with.
    func failure(
        _ fields: String = "", url: String = "http://shop:8080/queue", timeout: Duration = .seconds(10)
    ) async throws -> PluginError? {
        do {
            _ = try await value(fields, url: url, timeout: timeout)
            return nil
        } catch let error as PluginError {
            return error
        }
    }
}
