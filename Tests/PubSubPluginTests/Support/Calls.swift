import HTTPTransport
import PluginSDK
import SourceSupport
import Synchronization
import WireFormats

@testable import generalscaler_plugin_pubsub

extension PubSubPlugin {
    /// Creates the plugin with its real HTTP client, and a fake machine.
    init(
        files: [String: String] = [:], environment: [String: String] = [:],
        nowMicroseconds: @escaping @Sendable () -> Int64 = WallClock.nowMicroseconds
    ) {
        let client = CurlHTTPClient(configuration: .init(proxies: .none))
        let standIn = ["GENERALSCALER_GOOGLE_EMULATORS": "http://127.0.0.1:*"]
        self.init(
            client: client, metadataClient: client, files: FakeFiles(files),
            environment: standIn.merging(environment) { $1 },
            nowMicroseconds: nowMicroseconds)
    }

    func value(_ config: [String: JSON], timeout: Duration = .seconds(20)) async throws -> MetricReading {
        let config = try PubSubConfig(config: JSONReader(.object(config)))
        return try await value(
            for: MetricRequest(config: config, targetType: .averageValue, deadline: .now + timeout))
    }

    func failure(_ config: [String: JSON], timeout: Duration = .seconds(20)) async throws -> PluginError? {
        do {
            _ = try await value(config, timeout: timeout)
            return nil
        } catch let error as PluginError {
            return error
        }
    }
}

struct FakeFiles: FileReader {
    let files: [String: String]

    init(_ files: [String: String]) {
        self.files = files
    }

    func contents(of path: String) throws(FileError) -> [UInt8] {
        guard let text = files[path] else { throw FileError(path: path, reason: "No such file or directory") }
        guard text != "denied" else { throw FileError(path: path, reason: "Permission denied", isDenied: true) }
        return Array(text.utf8)
    }
}

/// An HTTP client with scripted answers, which records the requests.
final class FakeGoogle: HTTPClient {
    private struct State {
        var replies: [Result<HTTPResponse, HTTPError>]
        var requests: [HTTPRequest] = []
    }

    private let state: Mutex<State>

    init(_ replies: [Result<HTTPResponse, HTTPError>]) {
        state = Mutex(State(replies: replies))
    }

    /// Creates a client that answers with a token, and then with this response of Monitoring.
    convenience init(status: Int, _ body: String, headers: [HTTPHeader] = []) {
        self.init([.success(.token), .success(.init(status, body, headers))])
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

    /// Makes one call with a service account in the config.
    func result(
        _ more: [String: JSON] = [:], nowMicroseconds: Int64 = 1_767_225_600_000_000
    ) async throws -> Result<MetricReading, PluginError> {
        let plugin = PubSubPlugin(
            client: self, metadataClient: self, files: FakeFiles([:]), environment: [:],
            nowMicroseconds: { nowMicroseconds })
        let base: [String: JSON] = [
            "project": "shop", "subscription": "orders", "credentials": .string(try ServiceAccount.shared.get().json()),
        ]
        do {
            return .success(try await plugin.value(base.merging(more) { _, mine in mine }))
        } catch let error as PluginError {
            return .failure(error)
        }
    }
}

extension HTTPResponse {
    init(_ status: Int, _ body: String, _ headers: [HTTPHeader] = []) {
        self.init(head: HTTPResponseHead(status: status, headers: headers), body: Array(body.utf8))
    }

    static let token = HTTPResponse(200, #"{"access_token": "token", "expires_in": 3599, "token_type": "Bearer"}"#)
}

extension Result where Failure == PluginError {
    var failure: PluginError? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
