import WireFormats

enum InfluxTriggers {
    static let rules = TriggerRules(
        types: ["influxdb"], metricType: "http",
        fields: [
            .part("serverURL", of: "url"), .part("query", of: "url"), .part("database", of: "url"),
            FieldRule(["influxVersion"]) { trigger, _ in
                .different(
                    to: "\(trigger.place).config.url",
                    meaning: "`/query` is the API of InfluxDB 1, which 2 and 3 have too")
            },
            FieldRule(["queryType"]) { trigger, value in
                value.text == "FlightSQL"
                    ? .notConvertible(nearest: "a query in InfluxQL") : trigger.outcome("url", nil)
            },
            FieldRule(["metricKey"]) { trigger, _ in
                .different(
                    to: "\(trigger.place).config.jsonPath",
                    meaning: "the first column after the time is read: select one value")
            },
            .ignored("organizationName", "the token belongs to an organization"),
            .secret("authToken", to: "auth.basic.password"), .target("thresholdValue"),
            .activation("activationThresholdValue"), .unsafeTLS, .metricName,
        ],
        finish: finish)

    private static func finish(_ trigger: TriggerConversion) {
        if trigger.metric["auth.basic.password"] != nil {
            // The API of InfluxDB 1 takes the token as a password, with any user's name.
            trigger.metric.set("auth.basic.username", "token")
        }
        let query = trigger.parts["query"]?.text ?? ""
        if query.contains("|>") || query.contains("from(") {
            guard let flux = FluxQuery(query) else {
                trigger.refusal =
                    "the query in InfluxQL, which `/query` answers in JSON: the API of Flux answers in CSV, which the http "
                    + "plugin does not read"
                return
            }
            trigger.parts["query"] = ParameterValue(content: .text(flux.influxQL), note: nil)
            trigger.parts["database"] = ParameterValue(content: .text(flux.bucket), note: nil)
            trigger.mark(
                "query",
                .different(
                    to: "\(trigger.place).config.url",
                    meaning:
                        "the Flux query is translated to InfluxQL, \(flux.influxQL); the database `\(flux.bucket)` needs "
                        + "a mapping to the bucket (influx v1 dbrp create)"))
        }
        trigger.compose(
            "url", from: ["serverURL", "query", "database"],
            contents: "the URL SERVER/query?db=DATABASE&epoch=s&q=QUERY of InfluxDB"
        ) { parts in
            guard let server = parts["serverURL"] else { return nil }
            let base = server.hasSuffix("/") ? String(server.dropLast()) : server
            return
                "\(base)/query?db=\(Address.encoded(parts["database"] ?? ""))&epoch=s&q=\(Address.encoded(parts["query"] ?? "", except: "()*,"))"
        }
        trigger.metric.set("jsonPath", "$.results[0].series[0].values[-1][1]")
    }
}

/// A Flux query of the common form: a bucket, a range, filters for measurement, field and tags, and one aggregate.
struct FluxQuery {
    let bucket: String
    let influxQL: String

    private static let aggregates = ["last", "mean", "max", "min", "sum", "count", "first"]

    init?(_ text: String) {
        let steps = text.replacing("\n", with: " ").split(separator: "|>").map { $0.trimmed }
        guard let source = steps.first, let bucket = Self.quoted(source, after: "bucket:") else { return nil }
        self.bucket = bucket
        var since: String?
        var tags: [(name: String, value: String)] = []
        var aggregate = "last"
        for step in steps.dropFirst() {
            if step.hasPrefix("range(start:") {
                let start = step.dropFirst("range(start:".count).prefix { !",)".contains($0) }.trimmed
                guard start.hasPrefix("-"), start.dropFirst().allSatisfy({ $0.isNumber || "smhdw".contains($0) }) else {
                    return nil
                }
                since = String(start.dropFirst())
            } else if step.hasPrefix("filter(") {
                guard let found = Self.conditions(step) else { return nil }
                tags += found
            } else if let name = Self.aggregates.first(where: { step == "\($0)()" }) {
                aggregate = name
            } else {
                return nil
            }
        }
        func tag(_ name: String) -> String? { tags.first { $0.name == name }?.value }
        guard let since, let measurement = tag("_measurement"), let field = tag("_field") else { return nil }
        let others = tags.filter { !["_measurement", "_field"].contains($0.name) }
            .map { " AND \"\($0.name)\" = '\($0.value)'" }.joined()
        influxQL = "SELECT \(aggregate)(\"\(field)\") FROM \"\(measurement)\" WHERE time > now() - \(since)\(others)"
    }

    /// Reads `filter(fn: (r) => r._field == "depth" and r["host"] == "a")`.
    private static func conditions(_ step: String) -> [(name: String, value: String)]? {
        guard let arrow = step.firstRange(of: "=>"), step.hasSuffix(")"), !step.contains(" or ") else { return nil }
        var found: [(name: String, value: String)] = []
        for condition in step[arrow.upperBound...].dropLast().split(separator: " and ") {
            guard let equals = condition.firstRange(of: "==") else { return nil }
            let left = condition[..<equals.lowerBound].trimmed
            let name =
                left.hasPrefix("r[")
                ? String(left.dropFirst(2).filter { !"\"']".contains($0) }) : String(left.dropFirst("r.".count))
            let right = condition[equals.upperBound...].trimmed
            guard left.hasPrefix("r"), right.count > 1, right.hasPrefix("\""), right.hasSuffix("\""), !name.isEmpty
            else {
                return nil
            }
            found.append((name, String(right.dropFirst().dropLast())))
        }
        return found
    }

    private static func quoted(_ text: String, after label: String) -> String? {
        guard let start = text.firstRange(of: label) else { return nil }
        let rest = text[start.upperBound...].drop { $0 != "\"" }.dropFirst()
        guard rest.contains("\"") else { return nil }
        return String(rest.prefix { $0 != "\"" })
    }
}
