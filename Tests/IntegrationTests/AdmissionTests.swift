import Foundation
import HTTPTransport
import KubernetesClient
import TestSupport
import Testing
import WireFormats

/// The operator's webhook in production configuration, called like by the API server.
@Suite("Admission in a cluster", .timeLimit(.minutes(3)))
struct AdmissionTests {
    private static let configuration = ResourceKind(
        group: "admissionregistration.k8s.io", version: "v1", kind: "ValidatingWebhookConfiguration",
        plural: "validatingwebhookconfigurations", isNamespaced: false)

    private static let secret = ResourceKind(group: "", version: "v1", kind: "Secret", plural: "secrets")

    @Test("the operator creates and registers its certificate, and denies configs that the plugin refuses")
    func validate() async throws {
        try await TestCluster.run { cluster in
            try await PrometheusServer.run { prometheus in
                let name = OperatorRights.clusterName(cluster)
                let key = ObjectKey(namespace: "", name: name)
                // Names a Service that does not exist: a real API server gets no answer and continues.
                _ = try await cluster.client.create(
                    Self.configuration, in: "",
                    [
                        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
                        "metadata": ["name": .string(name)],
                        "webhooks": [
                            [
                                "name": "generalscalers.autoscaling.example.com", "admissionReviewVersions": ["v1"],
                                "sideEffects": "None", "failurePolicy": "Ignore", "timeoutSeconds": 1,
                                "namespaceSelector": ["matchLabels": ["no": "namespace"]],
                                "clientConfig": [
                                    "service": [
                                        "namespace": .string(cluster.namespace), "name": "generalscaler-webhook",
                                        "path": "/validate",
                                    ]
                                ],
                            ]
                        ],
                    ])
                // Created like in the manifest, because the operator may not create Secrets.
                _ = try await cluster.client.create(
                    Self.secret, in: cluster.namespace,
                    ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "generalscaler-webhook"]])
                do {
                    try await TestOperator.run(
                        on: cluster, prometheus: prometheus.address,
                        arguments: [
                            "--webhook-listen", "127.0.0.1:0", "--webhook-service",
                            "\(cluster.namespace)/generalscaler-webhook",
                            "--webhook-configuration", name,
                        ]
                    ) { try await ask($0, cluster, key) }
                } catch {
                    try? await cluster.client.delete(Self.configuration, key)
                    throw error
                }
                try await cluster.client.delete(Self.configuration, key)
            }
        }
    }

    private func ask(_ running: TestOperator, _ cluster: TestCluster, _ key: ObjectKey) async throws {
        let line = try await running.process.errorLine { $0.contains("serving the admission webhook") }
        let port = line.split(separator: "port=").last?.prefix { $0.isNumber } ?? ""
        func bundle(_ object: JSON) -> String? {
            object["webhooks"]?.arrayValue?.first?["clientConfig"]?["caBundle"]?.stringValue
        }
        let told = try await cluster.wait(for: Self.configuration, key) { bundle($0) != nil }
        let authorities = Array(try #require(Data(base64Encoded: bundle(told) ?? "")))
        // The operator has added a random part to the path.
        let service = told["webhooks"]?.arrayValue?.first?["clientConfig"]?["service"]
        let path = try #require(service?["path"]?.stringValue)
        #expect(path.hasPrefix("/validate/") && path.utf8.count > 40)
        // The plugin is called only after its handshake.
        try await cluster.createWorkload("web")
        try await cluster.createScaler("web")
        try await cluster.condition("Ready", "True", "Scaling", of: "web")
        for (query, isAllowed) in [("query", true), ("queri", false)] {
            let answer = try await review(
                ["type": "prometheus", "config": [query: "vector(1)"], "targetValue": 1], cluster, "\(port)\(path)",
                authorities)
            #expect(answer["allowed"] == .bool(isAllowed), "\(answer)")
            if !isAllowed {
                #expect(
                    answer["status"]?["message"]?.stringValue?.contains("config.queri: is not a known field") == true)
            }
            // "web" scales the same target.
            #expect(isAllowed == (answer["warnings"]?.arrayValue?.count == 1) || !isAllowed)
        }
    }

    private func review(
        _ metric: JSON, _ cluster: TestCluster, _ place: String, _ authorities: [UInt8]
    ) async throws -> JSON {
        let body: JSON = [
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": [
                "uid": "1", "operation": "CREATE", "namespace": .string(cluster.namespace), "name": "other",
                "userInfo": ["username": "jane"],
                "object": [
                    "apiVersion": "autoscaling.example.com/v1", "kind": "GeneralScaler",
                    "metadata": ["name": "other", "namespace": .string(cluster.namespace)],
                    "spec": ["targetDeployment": "web", "maxReplicas": 5, "metrics": [metric]],
                ],
            ],
        ]
        let http = CurlHTTPClient(configuration: .init(proxies: .none))
        let answer = try await http.send(
            HTTPRequest(
                method: "POST", url: "https://127.0.0.1:\(place)", body: body.encoded(),
                tls: TLSOptions(
                    certificateAuthorities: authorities, serverName: "generalscaler-webhook.\(cluster.namespace).svc"),
                timeout: .seconds(30)))
        await http.shutdown()
        return try JSON(parsing: answer.body)["response"] ?? .null
    }
}
