import HTTPTransport
import PluginSDK
import SourceSupport
import Synchronization

@testable import generalscaler_plugin_prometheus

/// An HTTP client with scripted answers, which records the requests.
final class FakePrometheus: HTTPClient {
    typealias Reply = Result<HTTPResponse, HTTPError>

    private struct State {
        var replies: [Reply]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>

    init(_ replies: Reply...) {
        state = Mutex(State(replies: replies))
    }

    /// Creates a client that answers with this status and body.
    convenience init(status: Int = 200, _ body: String, headers: [HTTPHeader] = []) {
        self.init(.success(.init(status: status, body, headers: headers)))
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

extension HTTPResponse {
    init(status: Int, _ body: String, headers: [HTTPHeader] = []) {
        self.init(head: HTTPResponseHead(status: status, headers: headers), body: Array(body.utf8))
    }

    static let unauthorized = HTTPResponse(status: 401, "go away")
    static let one = HTTPResponse(
        status: 200, #"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"1"]}}"#)
}

/// Files that tests change between two reads.
final class FakeFiles: FileReader {
    private let versions: Mutex<[String: [String]]>

    /// - Parameter versions: the contents for each read of a path, in order; the last one is repeated.
    init(_ versions: [String: [String]] = [:]) {
        self.versions = Mutex(versions)
    }

    func contents(of path: String) throws(FileError) -> [UInt8] {
        let text = versions.withLock { versions -> String? in
            guard let next = versions[path]?.first else { return nil }
            if versions[path, default: []].count > 1 { versions[path]?.removeFirst() }
            return next
        }
        guard let text else { throw FileError(path: path, reason: "No such file or directory") }
        return Array(text.utf8)
    }
}

extension PrometheusPlugin {
    /// Creates the plugin with only these files and variables.
    init(
        client: any HTTPClient, files: any FileReader = FakeFiles(), localClient: (any HTTPClient)? = nil,
        environment: [String: String] = [:]
    ) {
        self.init(
            client: client, localClient: localClient ?? client, files: files, environment: environment,
            nowMicroseconds: WallClock.nowMicroseconds)
    }

    /// Makes one call with the config; `address` and `query` have defaults.
    func value(
        _ fields: String = "", address: String = "http://prometheus:9090", query: String = "up",
        targetType: TargetType = .value, timeout: Duration = .seconds(10)
    ) async throws -> MetricReading {
        let text = #"{"address": "\#(address)", "query": "\#(query)"\#(fields.isEmpty ? "" : ", ")\#(fields)}"#
        let config = try PrometheusConfig(parsing: text)
        return try await value(
            for: MetricRequest(config: config, targetType: targetType, deadline: .now + timeout))
    }

    /// Returns the error of the call.
    func failure(
        _ fields: String = "", address: String = "http://prometheus:9090", query: String = "up",
        targetType: TargetType = .value, timeout: Duration = .seconds(10)
    ) async throws -> PluginError? {
        do {
            _ = try await value(
                fields, address: address, query: query, targetType: targetType, timeout: timeout)
            return nil
        } catch let error as PluginError {
            return error
        }
    }
}
