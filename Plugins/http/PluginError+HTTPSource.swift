import HTTPTransport
import PluginSDK
import SourceSupport

extension PluginError {
    /// No answer came.
    init(_ error: HTTPError, config: HTTPSourceConfig) {
        switch error.kind {
        case .tls: self.init(.sourceUnreachable, error.message, path: "tls")
        case .nameLookup, .connect:
            self.init(
                .sourceUnreachable, "\(error.message). Check the host and port in url, and that the server runs",
                path: "url")
        case .connectionLost, .shutDown: self.init(.sourceUnreachable, error.message, path: "url")
        case .invalidRequest: self.init(.configInvalid, error.message, path: "url")
        case .deadline: self.init(.deadlineExceeded, "the server did not answer in time: \(error.message)")
        case .bodyTooLarge:
            self.init(
                .configInvalid,
                "the answer is larger than \(HTTPSourceLimits.maxBodyBytes >> 20) MiB: request less of it, for example "
                    + "by the URL's query",
                path: "url")
        case .cancelled: self.init(.cancelled, error.message)
        }
    }

    /// An answer whose status is not one of success.
    init(_ response: HTTPResponse, config: HTTPSourceConfig) {
        let said = response.body.isEmpty ? "" : ": \(Quoting.quote(response.body))"
        let status = "the server returned HTTP status \(response.status)\(said)"
        switch response.status {
        case 204: self.init(.noData, "\(status), which has no content")
        case 300..<400:
            let target = response.head.header("Location").map { " to \(Self.withoutQuery($0))" } ?? ""
            self.init(
                .configInvalid,
                "the server redirects\(target), which the plugin does not follow: set url to the final address",
                path: "url")
        case 401, 403:
            let next = config.auth == nil ? "Set auth" : "Check auth and what it may read"
            self.init(.authFailed, "\(status). \(next)", path: "auth")
        case 404, 410: self.init(.notFound, "\(status). Check the path in url", path: "url")
        case 405: self.init(.configInvalid, "\(status). Set method to one that the server allows", path: "method")
        case 408, 425: self.init(.sourceUnreachable, "\(status). The next poll retries", path: "url")
        case 429:
            self.init(
                .rateLimited, "\(status). Poll less often, or raise the server's limit",
                retryAfterMs: response.retryAfterMs, path: "url")
        case 400..<500:
            self.init(.configInvalid, "\(status). Check url, method, headers and body", path: "url")
        default:
            self.init(
                .sourceUnreachable, "\(status). The server failed: see its log. The next poll retries", path: "url")
        }
    }

    /// A redirect's query may hold a ticket.
    private static func withoutQuery(_ location: String) -> String {
        Quoting.shortened(String(location.prefix { $0 != "?" && $0 != "#" }))
    }
}
