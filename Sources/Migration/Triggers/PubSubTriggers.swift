import WireFormats

enum PubSubTriggers {
    private static let modes = [
        "SubscriptionSize": "undelivered", "NumUndeliveredMessages": "undelivered",
        "OldestUnackedMessageAge": "oldestUnackedAge", "BacklogBytes": "backlogBytes",
    ]
    /// The aggregations of KEDA that take a window have no equivalent.
    private static let aggregations = ["sum", "mean", "max", "min"]

    static let rules = TriggerRules(
        types: ["gcp-pubsub"], metricType: "pubsub", defaultTarget: 10,
        fields: [
            subscription, .target("value", aliases: ["subscriptionSize"]), .activation("activationValue"), mode,
            aggregation, .text("timeHorizon", to: "window"),
            .refused(
                "valueIfNull",
                nearest: "no point is no data, and the replicas are held; `fallback` sets replicas for long gaps"),
            .refused(
                "topicName", nearest: "the prometheus or http plugin with Cloud Monitoring: only subscriptions are read"
            ),
            .refused("filterDelta", nearest: "`window`"),
            .secret("credentials", to: "credentials", aliases: ["GoogleApplicationCredentials"]),
            .refused("credentialsFromEnvFile", nearest: "a Secret with the key as JSON text, as `credentials`"),
            .metricName,
        ],
        finish: finish)

    private static let subscription = FieldRule(["subscriptionName"]) { trigger, value in
        let outcome = trigger.set("subscription", value)
        guard value.text?.hasPrefix("projects/") != true else { return outcome }
        trigger.metric.set("project", .string(PubSubMetric.unknownProject))
        return .different(
            to: "\(trigger.place).config.subscription",
            meaning: "the project is not in the source: replace `\(PubSubMetric.unknownProject)` in `config.project`"
                + (value.note.map { "; \($0)" } ?? ""))
    }

    private static let mode = FieldRule(["mode"]) { trigger, value in
        guard let metric = modes[value.text ?? ""] else {
            return .notConvertible(nearest: "the prometheus plugin with Cloud Monitoring's PromQL API")
        }
        trigger.metric.set("metric", .string(metric))
        return trigger.outcome("metric", nil)
    }

    private static let aggregation = FieldRule(["aggregation"]) { trigger, value in
        guard let name = value.text, aggregations.contains(name) else {
            return .notConvertible(nearest: "sum, avg, min or max over regions; a statistic over time needs PromQL")
        }
        trigger.metric.set("aggregation", .string(name == "mean" ? "avg" : name))
        return .different(
            to: "\(trigger.place).config.aggregation",
            meaning: "combines the series of several regions; KEDA also combines the points of the time horizon")
    }

    private static func finish(_ trigger: TriggerConversion) {
        guard let identity = trigger.identity else { return }
        trigger.metric.remove("credentials")
        trigger.markIdentity(
            identity == "gcp" || identity == "gcp-workload"
                ? .different(
                    to: "\(trigger.place).config.credentials",
                    meaning:
                        "without `credentials` the operator's own account is used; it needs roles/monitoring.viewer")
                : .notConvertible(nearest: "`credentials` from a Secret"))
    }
}
