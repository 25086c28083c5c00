import WireFormats

enum KafkaTriggers {
    static let rules = TriggerRules(
        types: ["kafka", "apache-kafka"], metricType: "kafka", defaultTarget: 10,
        fields: [
            list("bootstrapServers", to: "brokers", aliases: ["brokerList"]), .text("consumerGroup", to: "group"),
            list("topic", to: "topics"),
            partitions, .target("lagThreshold"), .activation("activationLagThreshold"), offsetReset, invalidOffset,
            allowIdle, persistentLag, .ignored("version", "librdkafka finds the version of the brokers by itself"),
            .flag("limitToPartitionsWithLag", to: "limitToPartitions"),
            capped("ensureEvenDistributionOfPartitions", "factors of the number of partitions"), sasl,
            FieldRule.text("username", to: "sasl.username").unless(hasNoUser),
            FieldRule.secret("password", to: "sasl.password").unless(hasNoUser), tls, .unsafeTLS,
            .tls("ca", "ca"), .tls("cert", "cert"), .tls("key", "key"), .keyPassword,
        ] + oauth + kerberos + [
            region, .awsRole, .identityOwner, .metricName,
        ],
        finish: finish)

    private static let aws =
        "SCRAM with a Secret of AWS Secrets Manager that is associated with the cluster, or a client certificate: the "
        + "plugin does not sign for AWS MSK IAM"
    private static let token =
        "`sasl.token`: the plugin requests no token from an endpoint, so another program has to keep one in a Secret, or "
        + "the brokers have to accept the token of a ServiceAccount"

    private static let oauth: [FieldRule] = [
        .refused("oauthTokenEndpointUri", nearest: token),
        .refused("scopes", nearest: "\(token); request it with the scopes"),
        .refused("oauthExtensions", nearest: "brokers that need no SASL extensions: the plugin sends none"),
        FieldRule(["saslTokenType"]) { trigger, value in
            usesAWS(trigger)
                ? .notConvertible(nearest: aws) : .different(to: "", meaning: "OAUTHBEARER has one kind of token here")
        },
    ]

    private static let kerberosWay =
        "PLAIN, SCRAM or a client certificate (`tls.cert` and `tls.key`): the plugin does not support GSSAPI"

    private static let kerberos = [
        "keytab", "realm", "kerberosConfig", "kerberosServiceName", "kerberosDisableFAST", "disableFastNegotiation",
    ].map { FieldRule.refused($0, nearest: kerberosWay) }

    private static func usesAWS(_ trigger: TriggerConversion) -> Bool {
        ["sasl", "saslTokenType"].contains { trigger.value($0, isSecret: false)?.text?.trimmed == "aws_msk_iam" }
    }

    private static let region = FieldRule(["awsRegion"]) { trigger, _ in
        usesAWS(trigger)
            ? .notConvertible(nearest: aws) : .different(to: "", meaning: "used only with sasl aws_msk_iam")
    }

    /// The outcome of a user or password that the mechanism does not have; nil if it has.
    private static func hasNoUser(_ trigger: TriggerConversion) -> FieldOutcome? {
        switch trigger.metric["sasl.mechanism"]?.stringValue {
        case oauthBearer?: .notConvertible(nearest: token)
        case nil where ["none", "disable", ""].contains(trigger.value("sasl", isSecret: false)?.text?.trimmed ?? ""):
            .different(to: "", meaning: "not used without `sasl`, as in KEDA")
        case nil: .notConvertible(nearest: "the mechanism is not convertible: see `sasl`")
        default: nil
        }
    }

    private static func list(_ name: String, to field: String, aliases: [String] = []) -> FieldRule {
        FieldRule([name] + aliases) { trigger, value in
            guard let text = value.text else {
                trigger.metric.set(field, [value.json])
                return .different(
                    to: "\(trigger.place).config.\(field)",
                    meaning: "the value has to be a single entry\(value.note.map { "; \($0)" } ?? "")")
            }
            trigger.metric.set(field, .array(text.list().map { .string($0) }))
            return trigger.outcome(field, value.note)
        }
    }

    private static let partitions = FieldRule(["partitionLimitation"]) { trigger, value in
        var numbers: [JSON] = []
        for part in (value.text ?? "").list() {
            let ends = part.list("-").compactMap { Int64($0) }
            guard let first = ends.first, let last = ends.last, first >= 0, first <= last, last - first < 10_000 else {
                return .notConvertible(nearest: "set `config.partitions`, a list of numbers")
            }
            numbers += (first...last).map { .integer($0) }
        }
        if !numbers.isEmpty { trigger.metric.set("partitions", .array(numbers)) }
        return trigger.outcome("partitions", nil)
    }

    private static let offsetReset = FieldRule(["offsetResetPolicy"]) { trigger, value in
        let policy = value.text == "earliest" ? "earliest" : "latest"
        trigger.metric.set("withoutCommit", .string(policy))
        guard policy == "latest" else { return trigger.outcome("withoutCommit", nil) }
        return .different(
            to: "\(trigger.place).config.withoutCommit",
            meaning:
                "a partition without a commit counts as 0 here and as 1 in KEDA, unless scaleToZeroOnInvalidOffset is true"
        )
    }

    private static let invalidOffset = FieldRule(["scaleToZeroOnInvalidOffset"]) { trigger, value in
        if trigger.metric["withoutCommit"] == nil { trigger.metric.set("withoutCommit", "latest") }
        guard !FieldRule.isTrue(value.text ?? "") else { return trigger.outcome("withoutCommit", nil) }
        return .different(
            to: "\(trigger.place).config.withoutCommit",
            meaning: "a partition without a commit counts as 0 here and as 1 in KEDA")
    }

    private static let allowIdle = FieldRule(["allowIdleConsumers"]) { trigger, value in
        guard !FieldRule.isTrue(value.text ?? "") else {
            return .converted(to: "\(trigger.place), which does not limit replicas to the number of partitions")
        }
        return .different(
            to: "spec.maxReplicas",
            meaning: "replicas are not limited to the number of partitions: set `maxReplicas` to it")
    }

    private static func capped(_ name: String, _ limit: String) -> FieldRule {
        FieldRule([name]) { _, value in
            FieldRule.isTrue(value.text ?? "")
                ? .notConvertible(
                    nearest: "replicas are not limited to \(limit): set `maxReplicas` to the number of partitions")
                : .converted(to: "spec.maxReplicas")
        }
    }

    private static let persistentLag = FieldRule(["excludePersistentLag"]) { trigger, value in
        guard FieldRule.isTrue(value.text ?? "") else { return trigger.outcome("persistentLagSeconds", nil) }
        trigger.metric.set("persistentLagSeconds", 300)
        return .different(
            to: "\(trigger.place).config.persistentLagSeconds",
            meaning:
                "a partition counts as 1 after 300 s without a commit, in KEDA after one poll; choose more than the "
                + "workload takes to start")
    }

    private static let oauthBearer = "OAUTHBEARER"
    private static let mechanisms = [
        "plaintext": "PLAIN", "scram_sha256": "SCRAM-SHA-256", "scram_sha512": "SCRAM-SHA-512",
    ]

    private static let sasl = FieldRule(["sasl"]) { trigger, value in
        if usesAWS(trigger) { return .notConvertible(nearest: aws) }
        switch value.text?.trimmed {
        case "none"?, "disable"?: return trigger.outcome("sasl", nil)
        case "oauthbearer"?: return useToken(trigger)
        case "gssapi"?: return .notConvertible(nearest: kerberosWay)
        case let text? where mechanisms[text] != nil:
            trigger.metric.set("sasl.mechanism", .string(mechanisms[text] ?? ""))
            return trigger.outcome("sasl.mechanism", nil)
        case nil where trigger.has("oauthTokenEndpointUri"): return useToken(trigger)
        case nil:
            trigger.metric.set("sasl.mechanism", "SCRAM-SHA-512")
            return .different(
                to: "\(trigger.place).config.sasl.mechanism",
                meaning: "the mechanism is in a Secret, which the migration does not read: SCRAM-SHA-512 is assumed; "
                    + "correct it if it is another")
        case let text?:
            return .notConvertible(nearest: "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER in place of \(text)")
        }
    }

    /// Sets OAUTHBEARER with a token that the user has to provide.
    private static func useToken(_ trigger: TriggerConversion) -> FieldOutcome {
        let created = trigger.toCreate(
            "sasl-token", contents: "the access token with which \(trigger.path) reads Kafka")
        trigger.metric.set("sasl.mechanism", .string(oauthBearer))
        trigger.metric.set("sasl.token", created.json)
        return .different(
            to: "\(trigger.place).config.sasl",
            meaning: "KEDA requests a token from `oauthTokenEndpointUri`; here another program has to keep one in the "
                + "Secret `\(trigger.scaler.secretName)`, or `sasl.token` has to be a token of a ServiceAccount")
    }

    private static let tls = FieldRule(["tls"]) { trigger, value in
        let note = value.text == nil ? TLSMode.assumed : nil
        if value.text != "disable", trigger.metric["tls"] == nil { trigger.metric.set("tls", [:]) }
        return trigger.outcome("tls", note)
    }

    private static func finish(_ trigger: TriggerConversion) {
        if trigger.metric["withoutCommit"] == nil {
            trigger.metric.set("withoutCommit", "latest")
            trigger.ledger.note(
                "`offsetResetPolicy` of \(trigger.path) is not set: KEDA's default becomes `withoutCommit: latest`; a partition "
                    + "without a commit counts as 0 here and as 1 in KEDA")
        }
        if trigger.metric["sasl.mechanism"] == nil { trigger.metric.remove("sasl") }
        if trigger.identity != nil {
            trigger.markIdentity(
                .notConvertible(nearest: aws))
        }
        if trigger.literal("allowIdleConsumers") == nil {
            trigger.ledger.note(
                "KEDA limits the replicas of \(trigger.path) to the number of partitions: set `maxReplicas` to it")
        }
    }
}
