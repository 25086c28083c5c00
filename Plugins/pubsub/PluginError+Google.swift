import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

extension PluginError {
    /// Creates an error for a response of Cloud Monitoring with a status other than 200.
    ///
    /// Source: https://cloud.google.com/apis/design/errors
    init(
        _ response: HTTPResponse, _ subscription: SubscriptionName, credentialsField: String = "credentials"
    ) {
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
                .authFailed, "\(status)\(said). The credentials are not, or no longer, valid",
                path: credentialsField)
        case 403:
            self.init(
                .authFailed,
                "\(status)\(said). The account needs the permission monitoring.timeSeries.list in project "
                    + "\(subscription.project): give it the role roles/monitoring.viewer there, and enable the API",
                path: credentialsField)
        case 404:
            self.init(
                .notFound,
                "\(status)\(said). Check project; a project that has never had a subscription does not have its metrics",
                path: "project")
        case 429:
            self.init(.rateLimited, status + said, retryAfterMs: response.retryAfterMs)
        default: self.init(.sourceUnreachable, status + said)
        }
    }
}
