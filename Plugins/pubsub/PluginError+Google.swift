import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

extension PluginError {
    /// Creates an error for a request without a response.
    ///
    /// - Parameters:
    ///   - who: the name of the server.
    ///   - path: the config field with its address.
    init(_ error: HTTPError, from who: String, path: String? = nil) {
        switch error.kind {
        case .nameLookup, .connect, .tls, .connectionLost, .shutDown:
            self.init(.sourceUnreachable, error.message, path: path)
        case .invalidRequest: self.init(.configInvalid, error.message, path: path)
        case .deadline: self.init(.deadlineExceeded, "\(who) did not answer in time: \(error.message)")
        case .bodyTooLarge:
            self.init(
                .sourceUnreachable, "\(who) returned more than \(PubSubLimits.maxBodyBytes >> 20) MiB", path: path)
        case .cancelled: self.init(.cancelled, error.message)
        }
    }

    /// Creates an error for a response of Cloud Monitoring with a status other than 200.
    ///
    /// Source: https://cloud.google.com/apis/design/errors
    init(_ response: HTTPResponse, _ subscription: SubscriptionName) {
        let error = (try? JSON(parsing: response.body, limits: PubSubLimits.frame))?["error"]
        let said =
            error?["message"]?.stringValue.map { ": \(Quoting.shortened($0))" } ?? ": \(Quoting.quote(response.body))"
        let status = "Cloud Monitoring returned HTTP status \(response.status)"
        switch response.status {
        case 300..<400:
            self.init(
                .configInvalid, "\(status): it redirects, and the plugin does not follow redirects. Check endpoint",
                path: "endpoint")
        case 400: self.init(.configInvalid, status + said)
        case 401:
            self.init(
                .authFailed, "\(status)\(said). The credentials are not, or no longer, valid", path: "credentials")
        case 403:
            self.init(
                .authFailed,
                "\(status)\(said). The account needs the permission monitoring.timeSeries.list in project "
                    + "\(subscription.project): give it the role roles/monitoring.viewer there, and enable the API",
                path: "credentials")
        case 404:
            self.init(
                .notFound,
                "\(status)\(said). Check project; a project that has never had a subscription does not have its metrics",
                path: "project")
        case 429:
            self.init(.rateLimited, status + said, retryAfterMs: Self.retryAfterMs(response))
        default: self.init(.sourceUnreachable, status + said)
        }
    }

    static func retryAfterMs(_ response: HTTPResponse) -> Int? {
        let seconds = response.head.header("Retry-After").flatMap(Int.init)
        return seconds.flatMap { 0...86_400 ~= $0 ? $0 * 1_000 : nil }
    }
}
