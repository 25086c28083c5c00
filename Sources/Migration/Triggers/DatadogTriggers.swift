import WireFormats

enum DatadogTriggers {
    private static let agent =
        "the query API of Datadog: `query`, `apiKey` and `appKey`; the Cluster Agent's proxy is not supported"

    static let rules = TriggerRules(
        types: ["datadog"], metricType: "http",
        fields: [
            .part("query", of: "url"), .target("queryValue", aliases: ["targetValue"]),
            .activation("activationQueryValue", aliases: ["activationTargetValue"]), aggregator,
            FieldRule(["type"]) { trigger, value in
                let isAverage = value.text?.lowercased() == "average"
                trigger.metric.targetType = isAverage ? "AverageValue" : "Value"
                return .converted(to: "\(trigger.place).targetType")
            },
            .part("age", of: "url"), .part("timeWindowOffset", of: "url"),
            .part("lastAvailablePointOffset", of: "jsonPath"),
            FieldRule(["metricUnavailableValue"]) { _, _ in
                .notConvertible(nearest: "no data holds the replicas; `fallback` sets replicas for long gaps")
            },
            .part("datadogSite", of: "url"), .part("apiKey", of: "headers", isSecret: true),
            .part("appKey", of: "headers", isSecret: true), .timeout, .metricName, .unsafeTLS,
        ]
            + [
                "useClusterAgentProxy", "datadogMetricName", "datadogMetricNamespace", "hpaMetricName",
                "datadogNamespace",
                "datadogMetricsService", "datadogMetricsServicePort", "token", "authMode",
            ].map { .refused($0, nearest: agent) },
        finish: finish)

    private static let aggregator = FieldRule(["queryAggregator"]) { _, value in
        .different(
            to: "",
            meaning:
                "several queries, separated by commas, are combined by a metric with `formula`: one metric for each "
                + "query, and `\(value.text == "max" ? "max" : "avg")(a, b)`")
    }

    private static func finish(_ trigger: TriggerConversion) {
        guard trigger.parts["query"] != nil, !FieldRule.isTrue(trigger.literal("useClusterAgentProxy") ?? "") else {
            trigger.refusal = agent
            return
        }
        let offset = trigger.parts["timeWindowOffset"]?.text.flatMap { Int($0) } ?? 0
        let age = trigger.parts["age"]?.text.flatMap { Int($0) } ?? 90
        let end = offset == 0 ? "${now}" : "${now-\(offset)s}"
        if let site = trigger.parts["datadogSite"], site.text == nil {
            trigger.parts["datadogSite"] = nil
            trigger.mark(
                "datadogSite",
                .different(
                    to: "\(trigger.place).config.url",
                    meaning: "the site is in a Secret: datadoghq.com is assumed; correct the host of `url`"))
        }
        trigger.compose("url", from: ["query", "datadogSite"], contents: "the URL of the query") {
            "https://api.\($0["datadogSite"] ?? "datadoghq.com")/api/v1/query?from=${now-\(age + offset)s}&to=\(end)&query="
                + Address.encoded($0["query"] ?? "", except: ":,()*/")
        }
        let last = 1 + (trigger.parts["lastAvailablePointOffset"]?.text.flatMap { Int($0) } ?? 0)
        trigger.metric.set("jsonPath", .string("$.series[0].pointlist[-\(last)][1]"))
        for (name, header) in [("apiKey", "DD-API-KEY"), ("appKey", "DD-APPLICATION-KEY")] {
            if let key = trigger.parts[name] { trigger.metric.set(member: header, of: "headers", key.json) }
        }
    }
}
