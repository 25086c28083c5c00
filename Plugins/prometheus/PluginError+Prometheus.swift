import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

extension PluginError {
    /// Creates an error for a request without a response.
    init(_ error: HTTPError, config: PrometheusConfig) {
        switch error.kind {
        case .tls:
            self.init(.sourceUnreachable, error.message, path: "tls")
        case .nameLookup, .connect, .connectionLost, .shutDown:
            self.init(.sourceUnreachable, error.message)
        case .invalidRequest:
            self.init(.configInvalid, error.message)
        case .deadline:
            self.init(.deadlineExceeded, "Prometheus did not answer in time: \(error.message)")
        case .bodyTooLarge:
            self.init(
                .configInvalid,
                "the answer is larger than \(PrometheusLimits.maxBodyBytes >> 20) MiB: aggregate in the query, so that "
                    + "it gives one series",
                path: "query")
        case .cancelled:
            self.init(.cancelled, error.message)
        }
    }

    /// Creates an error for a response with a status other than 200.
    init(_ response: HTTPResponse, _ body: JSON?, config: PrometheusConfig) {
        let said =
            body?["error"]?.stringValue.map { ": \(Quoting.shortened($0))" } ?? ": \(Quoting.quote(response.body))"
        let status = "HTTP status \(response.status)"
        switch response.status {
        case 300..<400:
            let target = response.head.header("Location").map { " to \(Self.withoutQuery($0))" } ?? ""
            self.init(
                .configInvalid,
                "the server redirects\(target), which the plugin does not follow: set address to the URL of the API",
                path: "address")
        case 400, 422:
            self.init(.configInvalid, "Prometheus refuses the query\(said)", path: "query")
        case 401, 403:
            let next = config.auth == nil ? "set auth" : "check auth and the permissions of its user"
            self.init(.authFailed, "\(status)\(said). Next: \(next)", path: "auth")
        case 404:
            self.init(
                .notFound,
                "\(status): there is no Prometheus API at this address\(said). Check the path prefix in address",
                path: "address")
        case 405 where config.method == .post:
            self.init(.configInvalid, "\(status)\(said). Set method: GET", path: "method")
        case 429:
            self.init(.rateLimited, "\(status)\(said)", retryAfterMs: response.retryAfterMs)
        default:
            self.init(.sourceUnreachable, "\(status)\(said)")
        }
    }

    /// Creates an error for a body with `status: error` and HTTP status 200, as some proxies send it.
    init(apiError body: JSON) {
        let type = body["errorType"]?.stringValue ?? "no errorType"
        let message =
            "Prometheus returned an error (\(Quoting.shortened(type))): "
            + Quoting.shortened(body["error"]?.stringValue ?? "without a message")
        switch type {
        case "bad_data", "execution": self.init(.configInvalid, message, path: "query")
        case "not_found": self.init(.notFound, message, path: "address")
        default: self.init(.sourceUnreachable, message)
        }
    }

    /// Returns a redirect's location without its query, which may contain a ticket.
    private static func withoutQuery(_ location: String) -> String {
        Quoting.shortened(String(location.prefix { $0 != "?" && $0 != "#" }))
    }
}
