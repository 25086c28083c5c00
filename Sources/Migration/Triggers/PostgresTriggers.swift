import WireFormats

enum PostgresTriggers {
    static let rules = TriggerRules(
        types: ["postgresql"], metricType: "postgresql", defaultTarget: nil,
        fields: [
            .text("query", to: "query"), .target("targetQueryValue"), .activation("activationTargetQueryValue"),
            connection, .part("host", of: "address"), .part("port", of: "address"),
            .text("userName", to: "username"), .text("dbName", to: "database"), .secret("password", to: "password"),
            sslmode, .metricName,
        ],
        finish: finish)

    private static let connection = FieldRule(["connection"], isSecret: true) { trigger, value in
        trigger.metric.set("url", value.json)
        let meaning =
            "the value has to be a URL, postgresql://user:password@host:5432/database, not `host=... user=...`"
        return .different(
            to: "\(trigger.place).config.url", meaning: value.note.map { "\($0); \(meaning)" } ?? meaning)
    }

    private static let sslmode = FieldRule(["sslmode"]) { trigger, value in
        guard trigger.value("connection", isSecret: true) == nil else {
            return .different(to: "\(trigger.place).config.url", meaning: "put `sslmode` into the URL")
        }
        switch value.text {
        case "verify-full"?:
            trigger.metric.set("tls", [:])
            return trigger.outcome("tls", nil)
        case "verify-ca"?:
            trigger.metric.set("tls", [:])
            return .different(to: "\(trigger.place).config.tls", meaning: "the server's name is verified too")
        case "require"?:
            trigger.metric.set("tls", ["insecureSkipVerify": true])
            return trigger.outcome("tls.insecureSkipVerify", nil)
        default:
            return .different(
                to: "\(trigger.place).config.tls",
                meaning: "without `tls`, TLS is used if the server offers it; for none, use `url` with sslmode=disable")
        }
    }

    private static func finish(_ trigger: TriggerConversion) {
        if trigger.identity != nil {
            trigger.markIdentity(.notConvertible(nearest: "a user with a password in a Secret"))
        }
        guard trigger.metric["url"] == nil else { return }
        trigger.compose("address", from: ["host", "port"], contents: "the address of PostgreSQL, host and port") {
            parts in
            parts["host"].map { "\($0):\(parts["port"] ?? "5432")" }
        }
    }
}
