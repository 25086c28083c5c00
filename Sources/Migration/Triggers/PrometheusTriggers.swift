import WireFormats

enum PrometheusTriggers {
    static let rules = TriggerRules(
        types: ["prometheus"], metricType: "prometheus",
        fields: [
            .text("serverAddress", to: "address"), .text("query", to: "query"), .target("threshold"),
            .activation("activationThreshold"), .text("namespace", to: "parameters.namespace"),
            .pairs("queryParameters", to: "parameters"), .headers("customHeaders"), ignoreNullValues, .timeout,
        ] + credentials + [
            .text("awsRegion", to: "auth.sigv4.region"), .text("awsAccessKeyID", to: "auth.sigv4.accessKeyID"),
            .secret("awsSecretAccessKey", to: "auth.sigv4.secretAccessKey"),
            .secret("awsSessionToken", to: "auth.sigv4.sessionToken"), .awsRole, .identityOwner,
            .text("credentials", to: "auth.googleMetadata", aliases: ["GoogleApplicationCredentials"])
                .refusing(nearest: "auth.googleMetadata, the operator's own account, or a proxy that signs requests"),
            .metricName, .ignored("cortexOrgID", "use `headers` with X-Scope-OrgID"),
        ],
        finish: finish)

    /// How the scaler authenticates with Prometheus.
    static let credentials: [FieldRule] = [
        .unsafeTLS, .authModes, .secret("bearerToken", to: "auth.bearer.token"),
        .text("username", to: "auth.basic.username"), .secret("password", to: "auth.basic.password"),
        .tls("ca", "ca"), .tls("cert", "cert"), .tls("key", "key"), .keyPassword,
        .part("customAuthHeader", of: "headers"), .part("customAuthValue", of: "headers", isSecret: true),
    ]

    private static let ignoreNullValues = FieldRule(["ignoreNullValues"]) { trigger, value in
        guard FieldRule.isTrue(value.text ?? "true") else {
            return .different(
                to: "\(trigger.place).config.onEmpty",
                meaning: "an empty result is no data, and the replicas are held; NaN and infinity too")
        }
        return emptyIsZero(trigger)
    }

    private static func emptyIsZero(_ trigger: TriggerConversion) -> FieldOutcome {
        trigger.metric.set("onEmpty", "zero")
        let zero =
            trigger.scaler.scalesToZero
            ? ". An assumed 0 never removes the last replica: end the query with `or vector(0)` to scale to 0" : ""
        return .different(
            to: "\(trigger.place).config.onEmpty",
            meaning: "an empty result is 0 as before; NaN and infinity are no data, and the replicas are held\(zero)")
    }

    private static func finish(_ trigger: TriggerConversion) {
        if trigger.literal("ignoreNullValues") == nil {
            _ = emptyIsZero(trigger)
            trigger.ledger.note(
                "`ignoreNullValues` of \(trigger.path) is not set: KEDA's default, an empty result is 0, becomes `onEmpty: zero`"
            )
        }
        Credentials.finish(trigger)
        let address = trigger.metric["address"]?.stringValue
        switch trigger.identity {
        case nil: break
        case "aws"?, "aws-eks"?, "aws-kiam"?:
            Credentials.useOperatorKey(trigger, plugin: "prometheus", service: nil, address: address)
        case "gcp"?:
            trigger.metric.set("auth.googleMetadata", [:])
            if let address { trigger.scaler.allowCredentials(plugin: "prometheus", address: Address.origin(address)) }
            trigger.markIdentity(
                .different(
                    to: "\(trigger.place).config.auth.googleMetadata",
                    meaning: "the operator's own account is used; it needs roles/monitoring.viewer"))
        default:
            trigger.markIdentity(
                .notConvertible(
                    nearest:
                        "a proxy beside Prometheus that adds the token, or `auth.bearer.token` from a Secret that is "
                        + "kept up to date"))
        }
        guard let text = address, text.contains("monitor.azure.com") else { return }
        trigger.ledger.note(
            "\(trigger.path): Azure Monitor needs a token of Microsoft Entra ID, for which there is no field")
    }
}

/// Parts of addresses.
enum Address {
    /// Returns the scheme, host and port of a URL.
    static func origin(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        return "\(url[..<scheme.upperBound])\(rest.prefix { !"/?#".contains($0) })"
    }

    /// The characters of a path or query that need no escape.
    private static let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    /// Percent-encodes a part of a path or a value of a query.
    static func encoded(_ text: String, except: String = "") -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            if unreserved.contains(byte) || except.utf8.contains(byte) {
                result.unicodeScalars.append(UnicodeScalar(byte))
            } else {
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return result
    }
}

/// Rules for credentials that several types share.
enum Credentials {
    /// The modes of `authModes` with the fields of `config` that they use.
    private static let modes = [
        "bearer": ["auth.bearer"], "basic": ["auth.basic"], "tls": ["tls.cert", "tls.key"], "custom": ["headers"],
        "oauth": ["auth.oauth2"], "apiKey": [],
    ]

    /// Removes the credentials that `authModes` does not enable, and adds the header of the mode `custom`.
    static func finish(_ trigger: TriggerConversion) {
        let isCustom = trigger.parts["customAuthHeader"] != nil || trigger.parts["customAuthValue"] != nil
        if isCustom, let name = trigger.parts["customAuthHeader"]?.text, let value = trigger.parts["customAuthValue"] {
            trigger.metric.set(member: name, of: "headers", value.json)
        } else if isCustom {
            for part in ["customAuthHeader", "customAuthValue"] {
                trigger.mark(part, .notConvertible(nearest: "set `config.headers` with the name of the header"))
            }
        }
        removeSecondAuth(trigger)
    }

    /// `auth` takes one of its members only.
    private static func removeSecondAuth(_ trigger: TriggerConversion) {
        guard let auth = trigger.metric["auth"]?.objectValue, auth.count > 1 else { return }
        let enabled = Set((trigger.literal("authModes") ?? trigger.literal("authMode") ?? "").list())
        let order = ["bearer", "basic", "oauth2", "sigv4", "google", "googleMetadata"]
        let kept = order.first { auth[$0] != nil && enabled.contains($0) } ?? order.first { auth[$0] != nil }
        for name in auth.keys where name != kept { trigger.metric.remove("auth.\(name)") }
        let names = [
            "bearer": ["bearerToken", "token"], "basic": ["username", "password"],
            "oauth2": ["clientID", "clientSecret"],
            "sigv4": ["awsRegion", "awsAccessKeyID", "awsSecretAccessKey", "awsSessionToken"],
        ]
        for name in auth.keys where name != kept {
            for parameter in names[name] ?? [] {
                trigger.mark(
                    parameter,
                    .different(to: "", meaning: "`auth` takes one kind of credentials; \(kept ?? "") is used"))
            }
        }
    }

    /// Uses the operator's own AWS key in place of an identity of the source.
    ///
    /// - Parameter service: the AWS service that the http plugin has to be allowed to sign for.
    static func useOperatorKey(_ trigger: TriggerConversion, plugin: String, service: String?, address: String?) {
        if trigger.metric["auth.sigv4.region"] == nil, let region = region(of: address ?? "") {
            trigger.metric.set("auth.sigv4.region", .string(region))
        }
        trigger.metric.remove("auth.sigv4.accessKeyID")
        trigger.metric.remove("auth.sigv4.secretAccessKey")
        if let address { trigger.scaler.allowCredentials(plugin: plugin, address: Address.origin(address)) }
        if let service { trigger.scaler.allowSigning(plugin: plugin, service: service) }
        trigger.markIdentity(
            .different(
                to: "\(trigger.place).config.auth.sigv4",
                meaning:
                    "the operator's own AWS key is used (EKS Pod Identity, or variables in plugins.yaml); for a role "
                    + "of a service account (IRSA), set `roleARN` and `webIdentityToken`"))
    }

    /// Returns the region in the name of an AWS host, such as `sqs.eu-west-1.amazonaws.com`.
    static func region(of url: String) -> String? {
        guard let host = Address.origin(url).firstRange(of: ".amazonaws.com") else { return nil }
        let name = Address.origin(url)[..<host.lowerBound].split(separator: ".").last
        return name.map { String($0) }
    }
}

extension TriggerConversion {
    /// Records the outcome of `podIdentity`.
    func markIdentity(_ outcome: FieldOutcome) {
        authentication?.ledger.mark("spec.podIdentity", outcome)
    }
}

extension FieldRule {
    static let awsRole = FieldRule.refused(
        "awsRoleArn", nearest: "a key of that role, or the operator's own key with the permissions of the role")

    static let identityOwner = FieldRule(["identityOwner"]) { _, value in
        value.text == "operator"
            ? .different(to: "", meaning: "the operator's own key is used if the config has no key")
            : .different(
                to: "", meaning: "the identity of the workload's pods cannot be used; the operator's own key is")
    }

    /// The kinds of credentials that are enabled; which ones there are follows from the parameters.
    static let authModes = FieldRule(["authModes", "authMode"]) { trigger, value in
        let known: Set = ["basic", "bearer", "tls", "custom", "apiKey", "oauth"]
        let unknown = (value.text ?? "").list().filter { !known.contains($0) }
        guard unknown.isEmpty else {
            return .notConvertible(
                nearest: "one of the kinds of `config.auth` in place of \(unknown.joined(separator: ", "))")
        }
        return trigger.outcome("auth", nil)
    }

    /// The same parameter, always reported as not convertible.
    func refusing(nearest: String) -> FieldRule {
        FieldRule(names, isSecret: isSecret) { _, _ in .notConvertible(nearest: nearest) }
    }

    /// Pairs such as `a=1,b=2`: members of a field.
    static func pairs(_ name: String, to field: String) -> FieldRule {
        FieldRule([name]) { trigger, value in
            guard let text = value.text else { return .notConvertible(nearest: "set `config.\(field)`") }
            for pair in text.list() {
                let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmed }
                guard parts.count == 2 else { continue }
                trigger.metric.set(member: parts[0], of: field, .string(parts[1]))
            }
            return trigger.outcome(field, nil)
        }
    }

    /// Headers that are known to contain no credentials.
    private static let harmlessHeaders: Set = [
        "x-scope-orgid", "accept", "content-type", "user-agent", "thanos-tenant",
    ]

    /// HTTP headers such as `X-A=1,X-B=2`. Their values may be credentials, so most become references.
    static func headers(_ name: String) -> FieldRule {
        FieldRule([name]) { trigger, value in
            guard let text = value.text else { return .notConvertible(nearest: "set `config.headers`") }
            var note: String?
            for pair in text.list() {
                let parts = pair.split(separator: "=", maxSplits: 1).map { $0.trimmed }
                guard parts.count == 2 else { continue }
                if harmlessHeaders.contains(parts[0].lowercased()) {
                    trigger.metric.set(member: parts[0], of: "headers", .string(parts[1]))
                } else {
                    let created = trigger.toCreate(
                        "header-\(parts[0])", contents: "the value of the header `\(parts[0])` in `\(trigger.path)`")
                    trigger.metric.set(member: parts[0], of: "headers", created.json)
                    note = created.note
                }
            }
            return trigger.outcome("headers", note)
        }
    }
}
