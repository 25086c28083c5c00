package import HTTPTransport
import Synchronization

/// A client that sends requests for some hosts to other addresses, such as those of AWS to a simulated server.
package final class RedirectingClient: HTTPClient {
    private let client = CurlHTTPClient(configuration: .init(proxies: .none))
    private let addresses: [String: String]
    private let urls = Mutex<[String]>([])

    /// - Parameter addresses: by the beginning of a URL.
    package init(_ addresses: [String: String]) {
        self.addresses = addresses
    }

    /// The URLs that were asked for, in order.
    package var requested: [String] { urls.withLock(\.self) }

    package func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try await client.send(redirected(request))
    }

    package func stream(_ request: HTTPRequest) async throws(HTTPError) -> HTTPStream {
        try await client.stream(redirected(request))
    }

    private func redirected(_ request: HTTPRequest) throws(HTTPError) -> HTTPRequest {
        urls.withLock { $0.append(request.url) }
        guard let (from, to) = addresses.first(where: { request.url.hasPrefix($0.key) }) else {
            throw HTTPError(.connect, "the test has no server for \(request.url)")
        }
        var request = request
        request.url = to + request.url.dropFirst(from.count)
        return request
    }
}
