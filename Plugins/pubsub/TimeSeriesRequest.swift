import HTTPTransport
import PluginSDK
import SourceSupport
import WireFormats

/// The HTTP request for a subscription's newest points to Cloud Monitoring.
///
/// Source: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list
struct TimeSeriesRequest {
    let http: HTTPRequest

    /// - Parameter interval: the range of the points' end times, in microseconds since 1970.
    init(
        _ config: PubSubConfig, _ subscription: SubscriptionName, interval: ClosedRange<Int64>, token: AccessToken,
        pageToken: String?, timeout: Duration
    ) {
        let filter = """
            metric.type = "\(config.metric.type)" AND resource.type = "pubsub_subscription" \
            AND resource.labels.subscription_id = "\(subscription.id)"
            """
        var fields: [(name: String, value: String)] = [
            ("filter", filter),
            ("interval.startTime", RFC3339.text(microseconds: interval.lowerBound, precision: .exact)),
            ("interval.endTime", RFC3339.text(microseconds: interval.upperBound, precision: .exact)),
            ("view", "FULL"),
            ("pageSize", "\(PubSubLimits.pageSize)"),
        ]
        if let pageToken { fields.append(("pageToken", pageToken)) }
        var base = config.endpoint[...]
        while base.last == "/" { base.removeLast() }
        var headers = [
            HTTPHeader("Accept", "application/json"), HTTPHeader("Authorization", "Bearer \(token.token.reveal())"),
        ]
        if let project = token.quotaProject { headers.append(HTTPHeader("X-Goog-User-Project", project)) }
        let project = Encoding.percentEncoded(subscription.project)
        http = HTTPRequest(
            url: "\(base)/v3/projects/\(project)/timeSeries?\(Encoding.form(fields))", headers: headers,
            timeout: timeout, maxBodyBytes: PubSubLimits.maxBodyBytes)
    }
}

extension PubSubConfig.Metric {
    /// The metric type.
    ///
    /// Source: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#pubsub/subscription/num_undelivered_messages
    var type: String {
        let name =
            switch self {
            case .undelivered: "num_undelivered_messages"
            case .oldestUnackedAge: "oldest_unacked_message_age"
            case .backlogBytes: "backlog_bytes"
            }
        return "pubsub.googleapis.com/subscription/\(name)"
    }

    /// The unit in UCUM notation.
    var unit: String {
        switch self {
        case .undelivered: "1"
        case .oldestUnackedAge: "s"
        case .backlogBytes: "By"
        }
    }
}
