import WireFormats

enum NATSTriggers {
    static let rules = TriggerRules(
        types: ["nats-jetstream"], metricType: "http", defaultTarget: 10,
        fields: [
            .part("natsServerMonitoringEndpoint", of: "url"), .part("useHttps", of: "url"),
            .part("account", of: "jsonPath"), .part("accountID", of: "jsonPath"), .part("stream", of: "jsonPath"),
            .part("consumer", of: "jsonPath"), .target("lagThreshold"), .activation("activationLagThreshold"),
            .metricName,
        ],
        finish: { trigger in
            trigger.compose(
                "url", from: ["natsServerMonitoringEndpoint", "useHttps"],
                contents: "the URL http://HOST:8222/jsz?consumers=true of the monitoring endpoint"
            ) {
                let scheme = FieldRule.isTrue($0["useHttps"] ?? "") ? "https" : "http"
                let endpoint = $0["natsServerMonitoringEndpoint"] ?? ""
                let base = endpoint.contains("://") ? endpoint : "\(scheme)://\(endpoint)"
                return "\(base)/jsz?accounts=true&consumers=true"
            }
            trigger.compose(
                "jsonPath", from: ["account", "accountID", "stream", "consumer"],
                contents: "the JSONPath of the consumer, as in the recipe for NATS JetStream"
            ) {
                let account = $0["account"].map { "@.name == '\($0)'" } ?? "@.id == '\($0["accountID"] ?? "")'"
                return "$.account_details[?\(account)].stream_detail[?@.name == '\($0["stream"] ?? "")']"
                    + ".consumer_detail[?@.name == '\($0["consumer"] ?? "")']['num_pending', 'num_ack_pending']"
            }
            trigger.metric.set("aggregation", "sum")
            trigger.ledger.note(
                "\(trigger.path): without the consumer there is no data and the replicas are held; KEDA counts the messages "
                    + "of the stream. In a cluster, request the leader of the consumer")
        })
}
