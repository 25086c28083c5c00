import WireFormats

enum AWSTriggers {
    private static let credentials: [FieldRule] = [
        .part("awsRegion", of: "auth.sigv4.region"), .part("awsEndpoint", of: "url"),
        .text("awsAccessKeyID", to: "auth.sigv4.accessKeyID", aliases: ["awsAccessKeyId"]),
        .secret("awsSecretAccessKey", to: "auth.sigv4.secretAccessKey"),
        .secret("awsSessionToken", to: "auth.sigv4.sessionToken"), .awsRole, .identityOwner,
    ]

    static let queue = TriggerRules(
        types: ["aws-sqs-queue"], metricType: "http", defaultTarget: 5,
        fields: credentials + [
            .part("queueURL", of: "body"), .target("queueLength"), .activation("activationQueueLength"),
            .part("scaleOnInFlight", of: "jsonPath"), .part("scaleOnDelayed", of: "jsonPath"), .metricName,
        ],
        finish: finishQueue)

    static let cloudWatch = TriggerRules(
        types: ["aws-cloudwatch"], metricType: "http", defaultTarget: nil,
        fields: credentials
            + [
                "namespace", "metricName", "dimensionName", "dimensionValue", "expression", "metricCollectionTime",
                "metricStat", "metricStatPeriod", "metricUnit", "metricEndTimeOffset",
            ].map { .part($0, of: "body") } + [
                .target("targetMetricValue"), .activation("activationTargetMetricValue"),
                FieldRule(["minMetricValue"]) { _, _ in
                    .different(
                        to: "",
                        meaning: "without a point there is no data and the replicas are held; KEDA takes this value")
                },
                FieldRule(["ignoreNullValues"]) { _, _ in
                    .different(to: "", meaning: "without a point there is no data, and the replicas are held")
                },
            ],
        finish: finishCloudWatch)

    private static func finishQueue(_ trigger: TriggerConversion) {
        let queueURL = trigger.parts["queueURL"]?.text
        let region = sign(trigger, service: "sqs", regionOf: queueURL)
        let host = "https://sqs.\(region).amazonaws.com/"
        let endpoint = trigger.parts["awsEndpoint"]?.text.map { $0.hasSuffix("/") ? $0 : "\($0)/" } ?? host
        request(trigger, url: endpoint, target: "AmazonSQS.GetQueueAttributes")
        var attributes = ["ApproximateNumberOfMessages"]
        if trigger.parts["scaleOnInFlight"]?.text.map(FieldRule.isTrue) ?? true {
            attributes.append("ApproximateNumberOfMessagesNotVisible")
        }
        if FieldRule.isTrue(trigger.parts["scaleOnDelayed"]?.text ?? "") {
            attributes.append("ApproximateNumberOfMessagesDelayed")
        }
        trigger.metric.set(
            "jsonPath", .string("$.Attributes[\(attributes.map { "'\($0)'" }.joined(separator: ", "))]"))
        trigger.metric.set("aggregation", "sum")
        let names = JSON.array(attributes.map { .string($0) })
        if let queueURL, !queueURL.contains("://"), !queueURL.contains("$") {
            trigger.refusal = "the URL of the queue, with the account's ID, in place of its name"
        }
        trigger.compose(
            "body", from: ["queueURL"],
            contents: "the body {\"QueueUrl\": \"URL\", \"AttributeNames\": \(names)} with the URL of the queue"
        ) { JSON.object(["QueueUrl": .string($0["queueURL"] ?? ""), "AttributeNames": names]).description }
        finishIdentity(trigger, service: "sqs", url: endpoint)
    }

    private static func finishCloudWatch(_ trigger: TriggerConversion) {
        let region = sign(trigger, service: "monitoring", regionOf: nil)
        let url = trigger.parts["awsEndpoint"]?.text ?? "https://monitoring.\(region).amazonaws.com/"
        request(trigger, url: url, target: "GraniteServiceVersion20100801.GetMetricData")
        trigger.metric.set(member: "Accept", of: "headers", "application/json")
        func part(_ name: String) -> String? { trigger.parts[name]?.text }
        let period = part("metricStatPeriod").flatMap { Int64($0) } ?? 300
        let offset = part("metricEndTimeOffset").flatMap { Int64($0) } ?? 0
        let window = part("metricCollectionTime").flatMap { Int64($0) } ?? 300
        var query: [String: JSON] = ["Id": "value"]
        if let expression = part("expression") {
            query["Expression"] = .string(expression)
            query["Period"] = .integer(period)
        } else {
            let values = (part("dimensionValue") ?? "").list(";")
            let dimensions = zip((part("dimensionName") ?? "").list(";"), values).map {
                JSON.object(["Name": .string($0), "Value": .string($1)])
            }
            var statistic: [String: JSON] = [
                "Metric": [
                    "Namespace": .string(part("namespace") ?? ""), "MetricName": .string(part("metricName") ?? ""),
                    "Dimensions": .array(dimensions),
                ],
                "Period": .integer(period), "Stat": .string(part("metricStat") ?? "Average"),
            ]
            if let unit = part("metricUnit") { statistic["Unit"] = .string(unit) }
            query["MetricStat"] = .object(statistic)
        }
        let end = offset == 0 ? "${now}" : "${now-\(offset)s}"
        trigger.metric.set(
            "body",
            .string(
                "{\"StartTime\": ${now-\(offset + window)s}, \"EndTime\": \(end), \"ScanBy\": \"TimestampDescending\", "
                    + "\"MetricDataQueries\": [\(JSON.object(query))]}"))
        trigger.metric.set("jsonPath", "$.MetricDataResults[?@.Id == 'value'].Values[0]")
        trigger.metric.maxAgeSeconds = 600
        finishIdentity(trigger, service: "monitoring", url: url)
    }

    private static func request(_ trigger: TriggerConversion, url: String, target: String) {
        trigger.metric.set("method", "POST")
        trigger.metric.set("url", .string(url))
        trigger.metric.set(member: "X-Amz-Target", of: "headers", .string(target))
        trigger.metric.set(member: "Content-Type", of: "headers", "application/x-amz-json-1.0")
    }

    /// Sets region and service of the signature, and returns the region.
    private static func sign(_ trigger: TriggerConversion, service: String, regionOf url: String?) -> String {
        trigger.metric.set("auth.sigv4.service", .string(service))
        if let value = trigger.parts["awsRegion"], let region = value.text {
            trigger.metric.set("auth.sigv4.region", .string(region))
            return region
        }
        let region = url.flatMap { Credentials.region(of: $0) } ?? "us-east-1"
        trigger.metric.set("auth.sigv4.region", .string(region))
        trigger.mark(
            "awsRegion",
            .different(
                to: "\(trigger.place).config.auth.sigv4.region",
                meaning:
                    "the region is in a Secret or variable: \(region) is assumed; correct it, and the host of `url`"))
        return region
    }

    private static func finishIdentity(_ trigger: TriggerConversion, service: String, url: String) {
        if trigger.identity != nil || trigger.metric["auth.sigv4.accessKeyID"] == nil {
            Credentials.useOperatorKey(trigger, plugin: "http", service: service, address: url)
        }
    }
}
