import WireFormats

enum ElasticsearchTriggers {
    static let rules = TriggerRules(
        types: ["elasticsearch"], metricType: "http",
        fields: [
            .part("addresses", of: "url"), .part("index", of: "url"), .part("searchTemplateName", of: "body"),
            .part("parameters", of: "body"), .part("query", of: "body"),
            FieldRule(["valueLocation"]) { trigger, value in
                guard let path = value.text.flatMap(ValueLocation.jsonPath) else {
                    return .notConvertible(nearest: "set `config.jsonPath`, a query of RFC 9535")
                }
                trigger.metric.set("jsonPath", .string(path))
                return trigger.outcome("jsonPath", nil)
            },
            .target("targetValue"), .activation("activationTargetValue"), .unsafeTLS,
            .text("username", to: "auth.basic.username"), .secret("password", to: "auth.basic.password"), apiKey,
            .refused("cloudID", nearest: "`addresses`: the URL of the deployment"),
            FieldRule(["ignoreNullValues"]) { trigger, value in
                FieldRule.isTrue(value.text ?? "")
                    ? .different(
                        to: "\(trigger.place).config.jsonPath",
                        meaning: "a missing value is no data and the replicas are held; KEDA takes 0")
                    : .converted(to: "\(trigger.place), for which a missing value is no data")
            },
            .metricName,
        ],
        finish: finish)

    private static let apiKey = FieldRule(["apiKey"], isSecret: true) { trigger, _ in
        let header = trigger.toCreate(
            "\(trigger.metric.name)-authorization", contents: "the text `ApiKey ` and the encoded API key")
        trigger.metric.set(member: "Authorization", of: "headers", header.json)
        return trigger.outcome("headers.Authorization", header.note)
    }

    private static func finish(_ trigger: TriggerConversion) {
        trigger.metric.set("method", "POST")
        let isTemplate = trigger.parts["searchTemplateName"] != nil
        if let addresses = trigger.parts["addresses"]?.text, addresses.list().count > 1 {
            trigger.mark(
                "addresses",
                .different(
                    to: "\(trigger.place).config.url", meaning: "the first address is used; use a Service for all nodes"
                ))
        }
        trigger.compose(
            "url", from: ["addresses", "index"], contents: "the URL of the search, https://HOST:9200/INDEX/_search"
        ) {
            guard let address = $0["addresses"]?.list().first else { return nil }
            let base = address.hasSuffix("/") ? String(address.dropLast()) : address
            let index = ($0["index"] ?? "_all").list(";").map { Address.encoded($0, except: "*") }.joined(
                separator: ",")
            return "\(base)/\(index)/_search\(isTemplate ? "/template" : "")?allow_partial_search_results=false"
        }
        trigger.compose(
            "body", from: ["searchTemplateName", "parameters", "query"], contents: "the body of the search"
        ) { parts in
            guard let template = parts["searchTemplateName"] else { return parts["query"]?.trimmed }
            let pairs = (parts["parameters"] ?? "").list(";").compactMap { pair -> (String, JSON)? in
                let sides = pair.split(separator: ":", maxSplits: 1).map { $0.trimmed }
                return sides.count == 2 ? (sides[0], .string(sides[1])) : nil
            }
            let parameters = JSON.object(Dictionary(pairs) { first, _ in first })
            return JSON.object(["id": .string(template), "params": parameters]).description
        }
    }
}
