import WireFormats

enum RabbitMQTriggers {
    static let rules = TriggerRules(
        types: ["rabbitmq"], metricType: "http", defaultTarget: 20,
        fields: [
            .part("host", of: "url", isSecret: false), .part("queueName", of: "url"), .part("vhostName", of: "url"),
            protocolRule, mode, .target("value", aliases: ["queueLength"]), .activation("activationValue"),
            .part("useRegex", of: "url"), .part("excludeUnacknowledged", of: "jsonPath"),
            .part("pageSize", of: "url"), operation, .timeout, .part("username", of: "auth.basic.username"),
            .part("password", of: "auth.basic.password", isSecret: true), .tls("ca", "ca"), .tls("cert", "cert"),
            .tls("key", "key"), .keyPassword, .ignored("tls", "TLS follows from the scheme of `url`"), .unsafeTLS,
            .refused("workloadIdentityResource", nearest: "a user with a password in a Secret"), .metricName,
        ],
        finish: finish)

    private static let protocolRule = FieldRule(["protocol"]) { trigger, value in
        trigger.parts["protocol"] = value
        return value.text == "http"
            ? trigger.outcome("url", nil)
            : .different(
                to: "\(trigger.place).config.url", meaning: "read from the management API, which has to be enabled")
    }

    private static let mode = FieldRule(["mode"]) { trigger, value in
        trigger.parts["mode"] = value
        guard let path = paths[value.text ?? ""] else {
            return .notConvertible(
                nearest: "a formula of the message rates: `$.message_stats...` of the management API")
        }
        guard path != "$.messages" else { return trigger.outcome("jsonPath", nil) }
        return .different(
            to: "\(trigger.place).config.jsonPath",
            meaning: "a queue without statistics is no data, and the replicas are held")
    }

    private static let paths = [
        "QueueLength": "$.messages", "MessageRate": "$.message_stats.publish_details.rate",
        "DeliverGetRate": "$.message_stats.deliver_get_details.rate",
    ]

    private static let operation = FieldRule(["operation"]) { trigger, value in
        trigger.parts["operation"] = value
        return trigger.outcome("aggregation", nil)
    }

    private static let managementPort = "15672"

    /// Where the management API is, by the URL of the source.
    private struct Host {
        var origin: String
        var path: String
        var user: String?
        let hasPassword: Bool
        let isAMQP: Bool

        init?(_ url: String) {
            guard let scheme = url.firstRange(of: "://") else { return nil }
            let name = url[..<scheme.lowerBound]
            isAMQP = name.hasPrefix("amqp")
            var rest = url[scheme.upperBound...]
            let authority = rest.prefix { !"/?#".contains($0) }
            rest = rest.dropFirst(authority.count)
            var host = authority[...]
            if let at = authority.lastIndex(of: "@") {
                let parts = authority[..<at].split(separator: ":", maxSplits: 1)
                user = parts.first.map { String($0) }
                hasPassword = parts.count > 1
                host = authority[authority.index(after: at)...]
            } else {
                hasPassword = false
            }
            let isTLS = name == "amqps" || name == "https"
            if isAMQP { host = host.prefix { $0 != ":" } }
            origin = "\(isTLS ? "https" : "http")://\(host)\(isAMQP ? ":\(managementPort)" : "")"
            path = String(rest.dropFirst().prefix { !"?#".contains($0) })
        }
    }

    private static func finish(_ trigger: TriggerConversion) {
        selectValue(trigger)
        if let user = trigger.parts["username"] { trigger.metric.set("auth.basic.username", user.json) }
        if let password = trigger.parts["password"] { trigger.metric.set("auth.basic.password", password.json) }
        guard let text = trigger.parts["host"]?.text, let host = Host(text) else { return useSecret(trigger) }
        if let queue = trigger.parts["queueName"]?.text {
            let vhost = trigger.parts["vhostName"]?.text ?? host.path
            let scope = vhost.isEmpty || vhost == "/" ? "%2F" : vhost.contains("%") ? vhost : Address.encoded(vhost)
            trigger.metric.set("url", .string(host.origin + "/api/queues/\(scope)" + query(trigger, queue)))
        } else {
            return useSecret(trigger)
        }
        var notes: [String] = []
        if host.isAMQP { notes.append("the management API on port \(managementPort) is read in place of AMQP") }
        if let user = host.user, trigger.metric["auth.basic.username"] == nil {
            trigger.metric.set("auth.basic.username", .string(user))
        }
        if host.hasPassword, trigger.metric["auth.basic.password"] == nil {
            let created = trigger.toCreate(
                "\(trigger.metric.name)-password", contents: "the password in `\(trigger.path).metadata.host`")
            trigger.metric.set("auth.basic.password", created.json)
            notes.append(created.note ?? "")
        }
        if !notes.isEmpty {
            trigger.mark(
                "host", .different(to: "\(trigger.place).config.url", meaning: notes.joined(separator: "; ")))
        }
    }

    /// The URL is in a Secret with its credentials, so that none of its parts can be used.
    private static func useSecret(_ trigger: TriggerConversion) {
        let url = trigger.toCreate(
            "\(trigger.metric.name)-url",
            contents: "the URL of the queue in the management API, such as http://rabbitmq:15672/api/queues/%2F/QUEUE")
        trigger.metric.set("url", url.json)
        for (part, field, contents) in [
            ("username", "username", "the user's name of the management API"),
            ("password", "password", "the user's password of the management API"),
        ] where trigger.parts[part] == nil {
            trigger.metric.set(
                "auth.basic.\(field)", trigger.toCreate("\(trigger.metric.name)-\(field)", contents: contents).json)
        }
        for name in ["host", "queueName", "vhostName", "useRegex", "pageSize"] {
            trigger.mark(name, trigger.outcome("url", url.note))
        }
    }

    private static func query(_ trigger: TriggerConversion, _ queue: String) -> String {
        guard isRegex(trigger) else { return "/\(Address.encoded(queue))" }
        let size = trigger.parts["pageSize"]?.text ?? "100"
        return "?page=1&use_regex=true&name=\(Address.encoded(queue))&page_size=\(size)"
    }

    private static func isRegex(_ trigger: TriggerConversion) -> Bool {
        FieldRule.isTrue(trigger.parts["useRegex"]?.text ?? "")
    }

    private static func selectValue(_ trigger: TriggerConversion) {
        var path = paths[trigger.parts["mode"]?.text ?? ""] ?? "$.messages"
        let isAMQP = trigger.parts["host"]?.text?.hasPrefix("amqp") == true || trigger.parts["protocol"]?.text == "amqp"
        let isReadyOnly = FieldRule.isTrue(trigger.parts["excludeUnacknowledged"]?.text ?? "") || isAMQP
        if path == "$.messages", isReadyOnly {
            path = "$.messages_ready"
            if isAMQP {
                trigger.ledger.note(
                    "\(trigger.path): over AMQP, KEDA counts ready messages only; so does `$.messages_ready`")
            }
        }
        if isRegex(trigger) {
            path = "$.items[*]" + path.dropFirst()
            let operation = trigger.parts["operation"]?.text ?? "sum"
            trigger.metric.set("aggregation", .string(operation))
        }
        trigger.metric.set("jsonPath", .string(path))
    }
}
