import WireFormats

enum RedisTriggers {
    private static let connection: [FieldRule] = [
        .text("address", to: "address"),
        .part("host", of: "address"), .part("port", of: "address"),
        addresses, .part("hosts", of: "address"), .part("ports", of: "address"),
        .text("username", to: "username"), .secret("password", to: "password"),
        .part("sentinelMaster", of: "sentinel.master"), .part("sentinelUsername", of: "sentinel.username"),
        .part("sentinelPassword", of: "sentinel.password", isSecret: true),
        .integer("databaseIndex", to: "database"), .flag("enableTLS", to: "tls", [:]), tlsMode, .unsafeTLS,
        .tls("ca", "ca"), .tls("cert", "cert"), .tls("key", "key"), .keyPassword, .metricName,
    ]

    static let lists = TriggerRules(
        types: ["redis", "redis-cluster", "redis-sentinel"], metricType: "redis", defaultTarget: 5,
        fields: connection + [
            .text("listName", to: "list"), .target("listLength"), .activation("activationListLength"),
        ],
        finish: finish)

    static let streams = TriggerRules(
        types: ["redis-streams", "redis-cluster-streams", "redis-sentinel-streams"], metricType: "redis",
        defaultTarget: 5,
        fields: connection + [
            .text("stream", to: "stream.key"), .text("consumerGroup", to: "stream.group"),
            measure("lagCount", "lag"), measure("pendingEntriesCount", "pending"), measure("streamLength", "length"),
            .activation("activationLagCount"),
        ],
        finish: { trigger in
            finish(trigger)
            if trigger.metric["stream.measure"] == nil {
                let isPending = trigger.metric["stream.group"] != nil
                trigger.metric.set("stream.measure", isPending ? "pending" : "length")
            }
            if trigger.metric["stream.measure"] == "length" { trigger.metric.remove("stream.group") }
        })

    /// A target that also names what is measured; the first of the trigger counts.
    private static func measure(_ name: String, _ measure: String) -> FieldRule {
        FieldRule([name]) { trigger, value in
            guard trigger.metric["stream.measure"] == nil else {
                return .different(to: "", meaning: "another target of the trigger takes precedence")
            }
            trigger.metric.set("stream.measure", .string(measure))
            return FieldRule.target(name).convert(trigger, value)
        }
    }

    /// `tls` of an authentication: `enable` or `disable`.
    private static let tlsMode = FieldRule(["tls"]) { trigger, value in
        let note = value.text == nil ? TLSMode.assumed : nil
        if value.text != "disable", trigger.metric["tls"] == nil { trigger.metric.set("tls", [:]) }
        return trigger.outcome("tls", note)
    }

    /// Addresses of the nodes of a cluster, or of the Sentinels.
    private static let addresses = FieldRule(["addresses"]) { trigger, value in
        trigger.parts["addresses"] = value
        return trigger.outcome(trigger.type.contains("sentinel") ? "sentinel.addresses" : "address", value.note)
    }

    private static func finish(_ trigger: TriggerConversion) {
        if trigger.type.contains("sentinel") { return finishSentinel(trigger) }
        if trigger.type.contains("cluster") { trigger.metric.set("cluster", true) }
        for name in ["sentinelMaster", "sentinelUsername", "sentinelPassword"] where trigger.parts[name] != nil {
            trigger.mark(name, .different(to: "", meaning: "has no effect without Sentinel"))
        }
        guard trigger.metric["address"] == nil else { return }
        let nodes = list(trigger, "addresses", "hosts", "ports")
        if let first = nodes.first {
            trigger.metric.set("address", first)
            if nodes.count > 1 {
                let outcome = FieldOutcome.different(
                    to: "\(trigger.place).config.address",
                    meaning: "the first node is enough: it names the others")
                for name in ["addresses", "hosts", "ports"] { trigger.mark(name, outcome) }
            }
            return
        }
        trigger.compose("address", from: ["host", "port"], contents: "the address of Redis, host and port") { parts in
            parts["host"].map { "\($0):\(parts["port"] ?? "6379")" }
        }
    }

    private static func finishSentinel(_ trigger: TriggerConversion) {
        var nodes = list(trigger, "addresses", "hosts", "ports")
        if nodes.isEmpty, let host = trigger.parts["host"] {
            trigger.parts["hosts"] = host
            trigger.parts["ports"] = trigger.parts["port"]
            nodes = list(trigger, "addresses", "hosts", "ports")
        }
        if nodes.isEmpty, let address = trigger.metric["address"] { nodes = [address] }
        trigger.metric.remove("address")
        trigger.metric.set("sentinel.addresses", .array(nodes))
        for (part, field) in [
            ("sentinelMaster", "master"), ("sentinelUsername", "username"), ("sentinelPassword", "password"),
        ] {
            if let value = trigger.parts[part] { trigger.metric.set("sentinel.\(field)", value.json) }
        }
    }

    /// Returns the addresses in `addresses`, or in `hosts` with `ports`.
    private static func list(_ trigger: TriggerConversion, _ addresses: String, _ hosts: String, _ ports: String)
        -> [JSON]
    {
        if let value = trigger.parts[addresses] {
            return value.text.map { $0.list().map { .string($0) } } ?? [value.json]
        }
        guard let value = trigger.parts[hosts] else { return [] }
        guard let text = value.text else { return [value.json] }
        let numbers = trigger.parts[ports]?.text?.list() ?? []
        return text.list().enumerated().map { index, host in
            let port = numbers.indices.contains(index) ? numbers[index] : numbers.last
            return .string(port.map { "\(host):\($0)" } ?? host)
        }
    }
}

/// `tls` of an authentication.
enum TLSMode {
    static let assumed = "whether TLS is used is in a Secret, which the migration does not read: TLS is assumed"
}
