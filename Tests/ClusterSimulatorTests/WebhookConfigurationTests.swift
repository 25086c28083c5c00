import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@Suite("Validating webhook configurations")
struct WebhookConfigurationTests {
    private static let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    private static let rule: [String: JSON] = [
        "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"],
    ]

    private func create(_ changes: [String: JSON?], rule: [String: JSON] = [:]) throws -> Answer {
        var webhook: [String: JSON] = [
            "name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": ["url": "https://a.example.com"],
            "rules": [.object(Self.rule.merging(rule) { $1 })],
        ]
        for (name, value) in changes { webhook[name] = value }
        return try TestServer().post(
            Self.path,
            [
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": ["name": "a"], "webhooks": [.object(webhook)],
            ])
    }

    @Test("omitted webhook fields get the real server's defaults")
    func defaults() throws {
        let webhook = try create([:]).json["webhooks"]?[0]
        #expect(webhook?["failurePolicy"] == "Fail" && webhook?["timeoutSeconds"] == 10)
        #expect(webhook?["matchPolicy"] == "Equivalent" && webhook?["namespaceSelector"] == [:])
        #expect(webhook?["objectSelector"] == [:] && webhook?["rules"]?[0]?["scope"] == "*")
    }

    @Test(
        "a webhook configuration that the real server refuses is refused with the field",
        arguments: [
            (["name": "a.example"], [:], "FieldValueInvalid webhooks[0].name"),
            (["timeoutSeconds": 31], [:], "FieldValueInvalid webhooks[0].timeoutSeconds"),
            (["sideEffects": "Some"], [:], "FieldValueNotSupported webhooks[0].sideEffects"),
            (["failurePolicy": "Maybe"], [:], "FieldValueNotSupported webhooks[0].failurePolicy"),
            (["admissionReviewVersions": []], [:], "FieldValueRequired webhooks[0].admissionReviewVersions"),
            (["admissionReviewVersions": ["v9"]], [:], "FieldValueInvalid webhooks[0].admissionReviewVersions"),
            (["clientConfig": [:]], [:], "FieldValueRequired webhooks[0].clientConfig"),
            (
                ["clientConfig": ["url": "https://a", "service": ["name": "a", "namespace": "b"]]], [:],
                "FieldValueRequired webhooks[0].clientConfig"
            ),
            (["clientConfig": ["url": "http://a.example.com"]], [:], "FieldValueInvalid webhooks[0].clientConfig.url"),
            (["clientConfig": ["url": "https://a/?b=c"]], [:], "FieldValueInvalid webhooks[0].clientConfig.url"),
            (
                ["clientConfig": ["service": ["name": "a", "namespace": "b", "path": "x//y"]]], [:],
                "FieldValueInvalid webhooks[0].clientConfig.service.path"
            ),
            (
                ["clientConfig": ["service": ["name": "a", "namespace": "b", "port": 70_000]]], [:],
                "FieldValueInvalid webhooks[0].clientConfig.service.port"
            ),
            (
                ["namespaceSelector": ["matchExpressions": [["key": "a", "operator": "In"]]]], [:],
                "FieldValueRequired webhooks[0].namespaceSelector.matchExpressions[0].values"
            ),
            (
                ["objectSelector": ["matchExpressions": [["key": "a", "operator": "Near"]]]], [:],
                "FieldValueInvalid webhooks[0].objectSelector.matchExpressions[0].operator"
            ),
            (
                ["matchConditions": [["name": "a", "expression": "true"]]], [:],
                "FieldValueForbidden webhooks[0].matchConditions"
            ),
            ([:], ["operations": []], "FieldValueRequired webhooks[0].rules[0].operations"),
            ([:], ["operations": ["*", "CREATE"]], "FieldValueInvalid webhooks[0].rules[0].operations"),
            ([:], ["operations": ["SEE"]], "FieldValueNotSupported webhooks[0].rules[0].operations[0]"),
            ([:], ["apiGroups": []], "FieldValueRequired webhooks[0].rules[0].apiGroups"),
            ([:], ["apiVersions": [""]], "FieldValueRequired webhooks[0].rules[0].apiVersions[0]"),
            ([:], ["resources": ["*/*", "pods"]], "FieldValueInvalid webhooks[0].rules[0].resources"),
            ([:], ["resources": ["pods/*", "pods/status"]], "FieldValueInvalid webhooks[0].rules[0].resources[1]"),
            ([:], ["scope": "TestEnvironment"], "FieldValueNotSupported webhooks[0].rules[0].scope"),
        ] as [([String: JSON?], [String: JSON], String)])
    func refusal(changes: [String: JSON?], rule: [String: JSON], cause: String) throws {
        let answer = try create(changes, rule: rule)
        #expect(answer.status == 422)
        #expect(answer.causes.contains(cause), "\(answer.text)")
    }

    @Test("two webhooks of one configuration may not share a name")
    func names() throws {
        let server = try TestServer()
        let webhook: JSON = [
            "name": "a.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": ["url": "https://a.example.com"],
        ]
        let answer = server.post(
            Self.path,
            [
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                "metadata": ["name": "a"], "webhooks": [webhook, webhook],
            ])
        #expect(answer.causes.contains("FieldValueDuplicate webhooks[1].name"))
    }
}
