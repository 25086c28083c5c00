import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// What a request reads, for the messages about its failure.
struct APISubject: Sendable, Hashable {
    /// What is read, such as `pod metrics`.
    let what: String
    /// What to do if it is forbidden.
    let whenForbidden: String
    /// What to do if it is not found.
    let whenNotFound: String
    /// What to do if the API is unavailable.
    var whenUnavailable = "the request is repeated at the next poll"
    /// The config field that an unknown name is in, if any.
    var path: String?
}

extension PluginError {
    /// An answer whose status is not 200.
    init(_ response: HTTPResponse, reading subject: APISubject) {
        let said = Self.message(of: response).map { ": \($0)" } ?? ""
        let status = "the API server returned HTTP status \(response.status) for \(subject.what)\(said)"
        switch response.status {
        case 300..<400:
            self.init(
                .configInvalid,
                "\(status). It redirects, which the plugin does not follow: ask the administrator to correct "
                    + "defaults.address in plugins.yaml", path: "address")
        case 401:
            self.init(
                .authFailed,
                "\(status). The token is not accepted: its audience must be that of the API server, and its account must exist. "
                    + "Ask the administrator to check defaults.token in plugins.yaml", path: "token")
        case 403: self.init(.authFailed, "\(status). \(subject.whenForbidden)")
        case 404, 410: self.init(.notFound, "\(status). \(subject.whenNotFound)", path: subject.path)
        case 429:
            self.init(
                .rateLimited, "\(status). The next poll retries; poll less often if this lasts",
                retryAfterMs: response.retryAfterMs)
        case 400, 422: self.init(.configInvalid, "\(status). Correct the config", path: subject.path)
        case 503:
            self.init(
                .sourceUnreachable, "\(status). \(subject.whenUnavailable)")
        case 504: self.init(.deadlineExceeded, "\(status). The next poll retries")
        default: self.init(.sourceUnreachable, "\(status). The next poll retries")
        }
    }

    /// Returns the message in a `Status`, or the beginning of any other body.
    private static func message(of response: HTTPResponse) -> String? {
        if let json = try? JSON(parsing: response.body, limits: KubernetesLimits.status), json["kind"] == "Status",
            let message = json["message"]?.stringValue
        {
            return Quoting.shortened(message)
        }
        return response.body.isEmpty ? nil : Quoting.quote(response.body)
    }

    /// An answer with status 200 that is not what the API documents.
    static func malformed(_ what: String, _ reason: String) -> PluginError {
        PluginError(
            .sourceUnreachable,
            "the answer for \(what) is malformed: \(Quoting.shortened(reason)). Check the server of this API: metrics-server, or the metrics adapter"
        )
    }
}
