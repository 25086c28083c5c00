import WireFormats

enum MetricsAPITriggers {
    static let rules = TriggerRules(
        types: ["metrics-api"], metricType: "http",
        fields: [
            .part("url", of: "url"), valueLocation, format, .target("targetValue"),
            .activation("activationTargetValue"), .unsafeTLS, .timeout, .authModes,
            .part("method", of: "headers"), .part("keyParamName", of: "headers"),
            .part("apiKey", of: "headers", isSecret: true), .text("username", to: "auth.basic.username"),
            .secret("password", to: "auth.basic.password"),
            .secret("token", to: "auth.bearer.token", aliases: ["bearerToken"]), .tls("ca", "ca"),
            .tls("cert", "cert"), .tls("key", "key"), .keyPassword,
            .text("oauthTokenURI", to: "auth.oauth2.tokenURL"), .text("scope", to: "auth.oauth2.scope"),
            .text("clientID", to: "auth.oauth2.clientID"), .secret("clientSecret", to: "auth.oauth2.clientSecret"),
            endpoints, aggregation, .metricName,
        ],
        finish: finish)

    private static let valueLocation = FieldRule(["valueLocation"]) { trigger, value in
        trigger.parts["valueLocation"] = value
        guard let text = value.text else { return .notConvertible(nearest: "set `config.jsonPath`") }
        if trigger.literal("format") == "prometheus" {
            trigger.metric.set("metric", .string(text))
            return trigger.outcome("metric", nil)
        }
        guard let path = ValueLocation.jsonPath(text) else {
            return .notConvertible(nearest: "set `config.jsonPath`, a query of RFC 9535, in place of the GJSON path")
        }
        trigger.metric.set("jsonPath", .string(path))
        return trigger.outcome("jsonPath", nil)
    }

    private static let format = FieldRule(["format"]) { trigger, value in
        switch value.text {
        case "json"?, "prometheus"?:
            trigger.metric.set("format", .string(value.text ?? ""))
            return trigger.outcome("format", nil)
        default:
            return .notConvertible(nearest: "an endpoint with JSON, Prometheus text or plain text")
        }
    }

    private static let endpoints = FieldRule(["aggregateFromKubeServiceEndpoints"]) { _, value in
        FieldRule.isTrue(value.text ?? "")
            ? .notConvertible(
                nearest:
                    "let Prometheus scrape the pods, and use the prometheus plugin: http reads one address of the Service"
            )
            : .converted(to: "the one address of `url`")
    }

    private static let aggregation = FieldRule(["aggregationType"]) { _, _ in
        .different(to: "", meaning: "used only with aggregateFromKubeServiceEndpoints")
    }

    private static func finish(_ trigger: TriggerConversion) {
        Credentials.finish(trigger)
        let inQuery = trigger.parts["method"]?.text == "query"
        let name = trigger.parts["keyParamName"]?.text ?? (inQuery ? "api_key" : "X-API-KEY")
        guard let key = trigger.parts["apiKey"] else {
            if let url = trigger.parts["url"] { trigger.metric.set("url", url.json) }
            return
        }
        if inQuery {
            let url = trigger.toCreate(
                "\(trigger.metric.name)-url", contents: "the URL with its query, which has the key as `\(name)`")
            trigger.metric.set("url", url.json)
            for part in ["url", "apiKey", "method", "keyParamName"] {
                trigger.mark(part, trigger.outcome("url", url.note))
            }
        } else {
            trigger.metric.set(member: name, of: "headers", key.json)
            if let url = trigger.parts["url"] { trigger.metric.set("url", url.json) }
        }
    }
}

/// Places of a value in JSON.
enum ValueLocation {
    /// Converts a GJSON path of names and numbers, such as `data.0.count`, to JSONPath; nil for other forms.
    static func jsonPath(_ text: String) -> String? {
        var path = "$"
        var name = ""
        var isEscaped = false
        func append(_ name: String) {
            if name.allSatisfy(\.isNumber) {
                path += "[\(name)]"
            } else if name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }),
                name.first?.isNumber == false
            {
                path += ".\(name)"
            } else {
                path += "['\(name.replacing("\\", with: "\\\\").replacing("'", with: "\\'"))']"
            }
        }
        for character in text {
            if isEscaped {
                name.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "." {
                guard !name.isEmpty else { return nil }
                append(name)
                name = ""
            } else if "#*?|@!{}()[]<>=\"".contains(character) {
                return nil
            } else {
                name.append(character)
            }
        }
        guard !name.isEmpty else { return nil }
        append(name)
        return path
    }
}
