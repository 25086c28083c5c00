import WireFormats

enum ExternalTriggers {
    static let rules = TriggerRules(
        types: ["external", "external-push"], metricType: "keda-external",
        fields: [
            address, .flag("enableTLS", to: "tls", [:]), unsafeTLS, .tls("caCert", "ca"), .tls("tlsClientCert", "cert"),
            .tls("tlsClientKey", "key"), .refused("tlsCertFile", nearest: "`tls.ca`, a certificate in PEM or its path"),
        ],
        finish: finish)

    /// Those of the trigger that KEDA itself reads.
    private static let ownNames = Set(rules.fields.flatMap(\.names)).union(["metricType", "triggerIndex"])

    private static let address = FieldRule(["scalerAddress"]) { trigger, value in
        guard let text = value.text else { return trigger.set("address", value) }
        let place = text.hasPrefix("dns:///") ? String(text.dropFirst("dns:///".count)) : text
        guard !place.contains("/") else {
            return .notConvertible(nearest: "set `config.address`, the host and port of the scaler")
        }
        trigger.metric.set("address", .string(place))
        return trigger.outcome("address", value.note)
    }

    private static let unsafeTLS = FieldRule(["unsafeSsl"]) { trigger, value in
        trigger.parts["unsafeSsl"] = value
        return trigger.outcome("tls.insecureSkipVerify", value.note)
    }

    private static func finish(_ trigger: TriggerConversion) {
        if let text = trigger.parts["unsafeSsl"]?.text, FieldRule.isTrue(text) {
            // Alone, it encrypts nothing in KEDA either.
            if trigger.metric["tls"] == nil {
                trigger.mark("unsafeSsl", .different(to: "", meaning: "without TLS it has no effect, as in KEDA"))
            } else {
                trigger.metric.set("tls.insecureSkipVerify", true)
            }
        }
        for key in trigger.metadata.keys.sorted() where !ownNames.contains(key) {
            guard let value = trigger.entry(key) else { continue }
            let field = value.text == nil ? "secretMetadata" : "metadata"
            trigger.metric.set(member: key, of: field, value.json)
            trigger.ledger.mark("\(trigger.path).metadata.\(key)", trigger.outcome(field, value.note))
        }
        trigger.metric.targetValue = 1
        trigger.ledger.note(
            "\(trigger.path): the value is the scaler's metric divided by the scaler's own target, so that `targetValue` "
                + "is 1; the scaler itself says whether it is active, so that no activation value applies")
    }
}
