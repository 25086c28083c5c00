import Foundation
import HTTPTransport
import KubernetesClient
import Subprocess
import TestSupport
import Testing
import WireFormats

/// End to end: a client, the API server, the operator's webhook, and its plugin.
///
/// The API server has to reach the operator on this machine, so these tests use the simulated cluster only. With a real
/// cluster, ``AdmissionTests`` calls the webhook directly.
@Suite(
    "The webhook behind the API server", .timeLimit(.minutes(3)),
    .enabled(if: TestCluster.isSimulated, "the API server of a real cluster does not reach an operator on this machine")
)
struct WebhookTests {
    static let configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"

    @Test(
        "the webhook denies with the plugin's message and warns of a second claim; failurePolicy applies if it is down")
    func endToEnd() async throws {
        try await Self.run { cluster, raw, name in
            try await PrometheusServer.run { prometheus in
                try await TestOperator.run(
                    on: cluster, prometheus: prometheus.address, arguments: Self.arguments(cluster, name)
                ) { running in
                    try await ready(running, cluster, raw, name)
                    let scalers = Self.scalers(cluster)
                    let denied = try await raw.send("POST", scalers, Self.scaler("bad", query: "queri"))
                    #expect(denied.status == 422 && denied.json["reason"] == "Invalid")
                    #expect(
                        denied.message.hasPrefix(
                            "admission webhook \"generalscalers.autoscaling.example.com\" denied the request: ")
                            && denied.message.contains("config.queri: is not a known field"), "\(denied.message)")
                    // The creation of the first scaler has a warning if the plugin is still starting.
                    let warnedBefore = try await running.reviews(.warned)
                    let second = try await raw.send("POST", scalers, Self.scaler("other"))
                    #expect(second.status == 201)
                    #expect(
                        second.warnings.contains { $0.contains("GeneralScaler web already scales Deployment/web") },
                        "\(second.warnings)")
                    #expect(try await running.reviews(.warned) == warnedBefore + 1)
                    // Labels can change with any spec, and the spec only if the plugin accepts it.
                    let labels = try await raw.send(
                        "PATCH", scalers + "/other", ["metadata": ["labels": ["a": "b"]]],
                        "application/merge-patch+json")
                    #expect(labels.status == 200 && labels.warnings.isEmpty)
                    let dryRun = try await raw.send("POST", scalers + "?dryRun=All", Self.scaler("x", query: "queri"))
                    #expect(dryRun.status == 422)
                    #expect(try await running.reviews(.denied) == 2)
                    let metrics = String(decoding: try await running.get("/metrics").body, as: UTF8.self)
                    #expect(metrics.contains("generalscaler_webhook_certificate_expiry_timestamp_seconds "))
                }
                // The operator has ended.
                let failed = try await raw.send("POST", Self.scalers(cluster), Self.scaler("late"))
                #expect(failed.status == 500)
                #expect(
                    failed.message.contains(
                        "failed calling webhook \"generalscalers.autoscaling.example.com\": failed to call webhook: Post"
                    ),
                    "\(failed.message)")
                try await change(raw, name) { $0["failurePolicy"] = "Ignore" }
                let stored = try await raw.send("POST", Self.scalers(cluster), Self.scaler("late", query: "queri"))
                #expect(stored.status == 201 && stored.warnings.isEmpty)
            }
        }
    }

    @Test(
        "a user who refers to a Secret or a token without the right to it is warned; a user with the right is not",
        arguments: [
            (Self.secretValue, "read Secret scope"), (Self.tokenValue, "create tokens of ServiceAccount reader"),
        ])
    func reference(value: JSON, right: String) async throws {
        try await Self.run { cluster, raw, name in
            try await PrometheusServer.run { prometheus in
                _ = try await TestOperator.run(
                    on: cluster, prometheus: prometheus.address, arguments: Self.arguments(cluster, name)
                ) { running in
                    try await ready(running, cluster, raw, name)
                    let writer = try await raw.tokenOfWriter(in: cluster.namespace)
                    // An administrator may read everything.
                    for (name, token) in [("writer", writer), ("reader", nil)] {
                        let stored = try await raw.send(
                            "POST", Self.scalers(cluster), Self.scaler(name, headers: ["X-Scope": value]),
                            token: token)
                        #expect(stored.status == 201, "\(stored.message)")
                        #expect(
                            stored.warnings.contains { $0.contains("you are not allowed to \(right)") }
                                == (token != nil),
                            "\(stored.warnings)")
                    }
                }
            }
        }
    }

    private static let secretValue: JSON = ["valueFrom": ["secretKeyRef": ["name": "scope", "key": "id"]]]
    private static let tokenValue: JSON = [
        "valueFrom": ["serviceAccountToken": ["serviceAccountName": "reader", "audience": "metrics.example.com"]]
    ]

    @Test("a replica without a certificate is not ready and reports the cause")
    func noCertificate() async throws {
        try await Self.run { cluster, raw, name in
            try await PrometheusServer.run { prometheus in
                // A Secret that does not exist, and that the operator may not create.
                let service = "\(cluster.namespace)/other"
                _ = try await TestOperator.run(
                    on: cluster, prometheus: prometheus.address,
                    arguments: [
                        "--webhook-listen", "127.0.0.1:0", "--webhook-service", service, "--webhook-configuration",
                        name,
                    ]
                ) { running in
                    try await running.process.errorLine { $0.contains("failed to update webhook certificate") }
                    let waiting = try await running.get("/readyz")
                    #expect(waiting.status == 503)
                    #expect(String(decoding: waiting.body, as: UTF8.self).hasPrefix("not yet: "))
                    // The operator still scales, and with Ignore no request is blocked.
                    try await change(raw, name) { $0["failurePolicy"] = "Ignore" }
                    try await cluster.createWorkload("web")
                    try await cluster.createScaler("web")
                    try await cluster.condition("Ready", "True", "Scaling", of: "web")
                    let late = try await running.get("/readyz")
                    #expect(String(decoding: late.body, as: UTF8.self).contains("the webhook has no certificate"))
                    let metrics = String(decoding: try await running.get("/metrics").body, as: UTF8.self)
                    #expect(!metrics.contains("generalscaler_webhook_certificate_errors_total 0\n"))
                }
            }
        }
    }

    @Test("a call fails if the webhook configuration does not trust the certificate")
    func badCertificate() async throws {
        try await Self.run { cluster, raw, name in
            try await PrometheusServer.run { prometheus in
                _ = try await TestOperator.run(
                    on: cluster, prometheus: prometheus.address, arguments: Self.arguments(cluster, name)
                ) { running in
                    let port = try await ready(running, cluster, raw, name)
                    // Another configuration, not managed by the operator, for objects with one label.
                    var webhook = Self.webhook(cluster).objectValue ?? [:]
                    let authority = try TestCertificates.shared.get().authority
                    webhook["clientConfig"] = Self.clientConfig(
                        cluster, port: port, caBundle: Data(authority).base64EncodedString())
                    webhook["objectSelector"] = ["matchLabels": ["certificate": "bad"]]
                    let made = try await raw.send(
                        "POST", Self.configurations, Self.configuration(name + "-bad", .object(webhook)))
                    #expect(made.status == 201)
                    let failed = try await raw.send(
                        "POST", Self.scalers(cluster), Self.scaler("bad", labels: ["certificate": "bad"]))
                    #expect(failed.status == 500)
                    #expect(failed.message.lowercased().contains("certificate"), "\(failed.message)")
                    // The trusted webhook still reviews the others.
                    let stored = try await raw.send("POST", Self.scalers(cluster), Self.scaler("good"))
                    #expect(stored.status == 201)
                }
            }
        }
    }

    @Test("kubectl shows denials and warnings", .enabled(if: Kubectl.isInstalled, "kubectl is not installed"))
    func kubectl() async throws {
        try await Self.run { cluster, raw, name in
            try await PrometheusServer.run { prometheus in
                _ = try await TestOperator.run(
                    on: cluster, prometheus: prometheus.address, arguments: Self.arguments(cluster, name)
                ) { running in
                    try await ready(running, cluster, raw, name)
                    let denied = try await apply(Self.scaler("bad", query: "queri"), cluster)
                    #expect(!denied.succeeded)
                    #expect(
                        denied.text.contains(
                            "admission webhook \"generalscalers.autoscaling.example.com\" denied the request")
                            && denied.text.contains("config.queri: is not a known field"), "\(denied.text)")
                    let second = try await apply(Self.scaler("other"), cluster)
                    #expect(second.succeeded && second.text.contains("other created"))
                    #expect(
                        second.text.contains("Warning: GeneralScaler web already scales Deployment/web"),
                        "\(second.text)")
                }
            }
        }
    }

    private func apply(_ object: JSON, _ cluster: TestCluster) async throws -> (succeeded: Bool, text: String) {
        let result = try await Subprocess.run(
            .name("kubectl"),
            arguments: ["--kubeconfig", cluster.kubeconfig, "--namespace", cluster.namespace, "apply", "-f", "-"],
            input: .string(object.description), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return (result.terminationStatus.isSuccess, result.standardOutput + result.standardError)
    }

    // MARK: The scene

    /// Runs a cluster with the webhook's Service, Secret and configuration like in the chart, with failurePolicy Fail,
    /// so that no request bypasses the webhook.
    static func run(
        _ body: @escaping @Sendable (TestCluster, RawClient, _ configuration: String) async throws -> Void
    ) async throws {
        try await TestCluster.run { cluster in
            let raw = try RawClient(cluster)
            let name = OperatorRights.clusterName(cluster)
            let core = "/api/v1/namespaces/\(cluster.namespace)"
            _ = try await raw.send(
                "POST", core + "/services",
                [
                    "apiVersion": "v1", "kind": "Service", "metadata": ["name": "generalscaler-webhook"],
                    // From the simulated cluster to this machine.
                    "spec": ["type": "ExternalName", "externalName": "localhost"],
                ])
            _ = try await raw.send(
                "POST", core + "/secrets",
                ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "generalscaler-webhook"]])
            let made = try await raw.send("POST", configurations, configuration(name, webhook(cluster)))
            #expect(made.status == 201, "\(made.message)")
            try await body(cluster, raw, name)
            await raw.shutdown()
        }
    }

    /// Returns the webhook as in the chart.
    private static func webhook(_ cluster: TestCluster) -> JSON {
        [
            "name": "generalscalers.autoscaling.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Fail", "timeoutSeconds": 30, "clientConfig": clientConfig(cluster, port: 443),
            "rules": [
                [
                    "apiGroups": ["autoscaling.example.com"], "apiVersions": ["v1"],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": ["generalscalers"], "scope": "Namespaced",
                ]
            ],
        ]
    }

    private static func clientConfig(_ cluster: TestCluster, port: Int, caBundle: String? = nil) -> JSON {
        var config: [String: JSON] = [
            "service": [
                "namespace": .string(cluster.namespace), "name": "generalscaler-webhook", "path": "/validate",
                "port": .integer(Int64(port)),
            ]
        ]
        config["caBundle"] = caBundle.map { .string($0) }
        return .object(config)
    }

    private static func configuration(_ name: String, _ webhook: JSON) -> JSON {
        [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": ["name": .string(name)], "webhooks": [webhook],
        ]
    }

    static func arguments(_ cluster: TestCluster, _ configuration: String) -> [String] {
        [
            "--webhook-listen", "127.0.0.1:0", "--webhook-service", "\(cluster.namespace)/generalscaler-webhook",
            "--webhook-configuration", configuration,
        ]
    }

    static func scalers(_ cluster: TestCluster) -> String {
        "/apis/autoscaling.example.com/v1/namespaces/\(cluster.namespace)/generalscalers"
    }

    /// - Parameter query: the name of the field that should be `query`.
    static func scaler(
        _ name: String, query: String = "query", labels: JSON = [:], headers: JSON = [:]
    ) -> JSON {
        [
            "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
            "metadata": ["name": .string(name), "labels": labels],
            "spec": [
                "targetDeployment": "web", "maxReplicas": 5,
                "metrics": [
                    ["type": "prometheus", "config": [query: "vector(1)", "headers": headers], "targetValue": 1]
                ],
            ],
        ]
    }

    /// Waits until the operator serves with a trusted certificate, sets its port in the configuration, and waits for
    /// the first scaler's decision, which shows that the plugin is available.
    ///
    /// - Returns: the port.
    @discardableResult
    func ready(
        _ running: TestOperator, _ cluster: TestCluster, _ raw: RawClient, _ name: String
    ) async throws -> Int {
        let line = try await running.process.errorLine { $0.contains("serving the admission webhook") }
        let port = try #require(Int(line.split(separator: "port=").last?.prefix { $0.isNumber } ?? ""))
        let kind = ResourceKind(
            group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingWebhookConfiguration",
            plural: "validatingwebhookconfigurations", isNamespaced: false)
        try await cluster.wait(for: kind, ObjectKey(namespace: "", name: name)) {
            $0["webhooks"]?[0]?["clientConfig"]?["caBundle"] != nil
        }
        try await change(raw, name) { webhook in
            var config = webhook["clientConfig"]?.objectValue ?? [:]
            var service = config["service"]?.objectValue ?? [:]
            service["port"] = .integer(Int64(port))
            config["service"] = .object(service)
            webhook["clientConfig"] = .object(config)
        }
        try await cluster.createWorkload("web")
        try await cluster.createScaler("web")
        try await cluster.condition("Ready", "True", "Scaling", of: "web")
        return port
    }

    /// Changes the webhook of the configuration.
    private func change(_ raw: RawClient, _ name: String, _ change: (inout [String: JSON]) -> Void) async throws {
        let path = "\(Self.configurations)/\(name)"
        let stored = try await raw.send("GET", path, .null)
        var webhook = stored.json["webhooks"]?[0]?.objectValue ?? [:]
        change(&webhook)
        let changed = try await raw.send(
            "PATCH", path, ["webhooks": [.object(webhook)]], "application/merge-patch+json")
        #expect(changed.status == 200, "\(changed.message)")
    }
}
