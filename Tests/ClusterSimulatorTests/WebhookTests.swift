import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@Suite("Validating webhooks")
struct WebhookTests {
    private static let configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"

    private func server(_ changes: [String: JSON] = [:], rule: [String: JSON] = [:]) throws -> TestServer {
        let server = try TestServer()
        try server.api.create(Self.configuration(changes, rule: rule))
        return server
    }

    private static func configuration(
        _ changes: [String: JSON] = [:], rule: [String: JSON] = [:], named name: String = "checks"
    ) -> JSON {
        let base: [String: JSON] = [
            "apiGroups": ["tests.example.com"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
            "resources": ["samples"],
        ]
        let webhook: [String: JSON] = [
            "name": "check.tests.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "clientConfig": ["url": "https://checks.example.com/validate"],
            "rules": [.object(base.merging(rule) { $1 })],
        ]
        return [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": ["name": .string(name)], "webhooks": [.object(webhook.merging(changes) { $1 })],
        ]
    }

    // MARK: Being asked

    @Test("a creation is sent to the webhook completely, with UID, author and options, before the object is stored")
    func creation() throws {
        let server = try server()
        let exchange = server.exchange("POST", Sample.path + "?fieldManager=jane", Sample.object("a")) { review in
            #expect(server.get(Sample.path + "/a").status == 404)
            return .allowing(review)
        }
        #expect(exchange.answer.status == 201)
        let call = try #require(exchange.calls.first)
        #expect(call.url == "https://checks.example.com/validate?timeout=10s")
        #expect(call.timeout == .seconds(10) && call.serverName == nil && call.authorities == nil)
        let review = try JSON(parsing: call.body)
        #expect(review["apiVersion"] == "admission.k8s.io/v1" && review["kind"] == "AdmissionReview")
        let request = try #require(review["request"])
        #expect(request["kind"] == ["group": "tests.example.com", "version": "v1", "kind": "Sample"])
        #expect(request["resource"] == ["group": "tests.example.com", "version": "v1", "resource": "samples"])
        #expect(request["operation"] == "CREATE" && request["name"] == "a" && request["namespace"] == "test")
        #expect(request["userInfo"]?["username"] == "admin" && request["dryRun"] == false)
        #expect(request["options"]?["kind"] == "CreateOptions" && request["options"]?["fieldManager"] == "jane")
        #expect(request["oldObject"] == .null && request["object"]?["kind"] == "Sample")
        #expect(request["object"]?["spec"]?["min"] == 1, "defaults are filled in")
        let uid = exchange.answer.json["metadata"]?["uid"]
        #expect(uid != nil && request["object"]?["metadata"]?["uid"] == uid)
    }

    @Test("an update is sent to the webhook with the old and the new object")
    func update() throws {
        let server = try server()
        try server.api.create(Sample.object("a").inTestNamespace)
        let exchange = server.exchange(
            "PATCH", Sample.path + "/a", ["spec": ["max": 7]], "application/merge-patch+json"
        ) { .allowing($0) }
        #expect(exchange.answer.status == 200 && exchange.reviews.count == 1)
        let request = try #require(exchange.reviews.first)
        #expect(request["operation"] == "UPDATE" && request["options"]?["kind"] == "PatchOptions")
        #expect(request["oldObject"]?["spec"]?["max"] == 10 && request["object"]?["spec"]?["max"] == 7)
    }

    @Test(
        "rules, scope and selectors decide which webhooks are called",
        arguments: [
            ([:], ["operations": ["DELETE"]], false), ([:], ["operations": ["*"]], true),
            ([:], ["apiGroups": ["apps"]], false), ([:], ["apiGroups": ["*"]], true),
            ([:], ["apiVersions": ["v2"]], false), ([:], ["resources": ["*"]], true),
            ([:], ["resources": ["samples/status"]], false), ([:], ["resources": ["*/*"]], true),
            ([:], ["scope": "Cluster"], false), ([:], ["scope": "Namespaced"], true),
            (["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "test"]]], [:], true),
            (["namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": "other"]]], [:], false),
            (
                [
                    "namespaceSelector": [
                        "matchExpressions": [
                            ["key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["test"]]
                        ]
                    ]
                ], [:], false
            ),
            (["objectSelector": ["matchExpressions": [["key": "no", "operator": "Exists"]]]], [:], false),
            (["objectSelector": ["matchExpressions": [["key": "no", "operator": "DoesNotExist"]]]], [:], true),
        ] as [([String: JSON], [String: JSON], Bool)])
    func selection(changes: [String: JSON], rule: [String: JSON], isAsked: Bool) throws {
        let exchange = try server(changes, rule: rule).exchange("POST", Sample.path, Sample.object("a")) {
            .allowing($0)
        }
        #expect(exchange.answer.status == 201)
        #expect(exchange.calls.count == (isAsked ? 1 : 0))
    }

    @Test("a scale is sent to the webhook as a Scale, and a status as the whole object")
    func subresources() throws {
        let server = try server(rule: ["resources": ["samples/*"]])
        try server.api.create(Sample.object("a", spec: ["replicas": 2]).inTestNamespace)
        let scaled = server.exchange(
            "PATCH", Sample.path + "/a/scale", ["spec": ["replicas": 5]], "application/merge-patch+json"
        ) { .allowing($0) }
        #expect(scaled.answer.status == 200)
        let request = try #require(scaled.reviews.first)
        #expect(request["kind"] == ["group": "autoscaling", "version": "v1", "kind": "Scale"])
        #expect(request["subResource"] == "scale" && request["resource"]?["resource"] == "samples")
        #expect(request["object"]?["spec"]?["replicas"] == 5 && request["oldObject"]?["spec"]?["replicas"] == 2)
        let status = server.exchange(
            "PATCH", Sample.path + "/a/status", ["status": ["replicas": 1]], "application/merge-patch+json"
        ) { .allowing($0) }
        #expect(status.reviews.first?["object"]?["kind"] == "Sample")
    }

    @Test("deletions are sent to the webhook one by one with the old object, and a denied one deletes nothing")
    func deletion() throws {
        let server = try server(rule: ["operations": ["DELETE"]])
        for name in ["a", "b"] { try server.api.create(Sample.object(name).inTestNamespace) }
        let refused = server.exchange("DELETE", Sample.path) { review in
            review["oldObject"]?["metadata"]?["name"] == "b" ? .refusing(review, "keep b") : .allowing(review)
        }
        #expect(refused.answer.status == 400 && refused.calls.count == 2)
        #expect(server.get(Sample.path).itemNames == ["a", "b"])
        let exchange = server.exchange("DELETE", Sample.path + "/a") { .allowing($0) }
        #expect(exchange.answer.status == 200 && exchange.reviews.first?["object"] == .null)
        #expect(server.get(Sample.path).itemNames == ["b"])
    }

    @Test("a dry run is sent to the webhook as one, and stores nothing")
    func dryRun() throws {
        let server = try server()
        let exchange = server.exchange("POST", Sample.path + "?dryRun=All", Sample.object("a")) { .allowing($0) }
        #expect(exchange.answer.status == 201 && exchange.reviews.first?["dryRun"] == true)
        #expect(server.get(Sample.path + "/a").status == 404)
    }

    @Test("a webhook for all resources is not called for webhook configurations")
    func exemption() throws {
        let server = try server(rule: [
            "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"],
        ])
        let exchange = server.exchange("DELETE", Self.configurations + "/checks") { .refusing($0, "no") }
        #expect(exchange.answer.status == 200 && exchange.calls.isEmpty)
    }

    @Test("an object that changed during its webhook call is sent again")
    func changeMeanwhile() throws {
        let server = try server()
        try server.api.create(Sample.object("a").inTestNamespace)
        var rounds = 0
        let exchange = server.exchange(
            "PATCH", Sample.path + "/a", ["spec": ["max": 7]], "application/merge-patch+json"
        ) { review in
            rounds += 1
            if rounds == 1 {
                _ = try? server.api.patch(Sample.path + "/a", ["spec": ["min": 3]])
            }
            return .allowing(review)
        }
        #expect(exchange.answer.status == 200 && rounds == 2)
        #expect(exchange.reviews.last?["oldObject"]?["spec"]?["min"] == 3)
        #expect(exchange.answer.json["spec"]?["min"] == 3 && exchange.answer.json["spec"]?["max"] == 7)
    }

    @Test("an object that changes during every webhook call ends in a conflict")
    func endlessChange() throws {
        let server = try server()
        try server.api.create(Sample.object("a").inTestNamespace)
        var rounds: Int64 = 0
        let exchange = server.exchange(
            "PATCH", Sample.path + "/a", ["spec": ["max": 7]], "application/merge-patch+json"
        ) { review in
            rounds += 1
            _ = try? server.api.patch(Sample.path + "/a", ["spec": ["max": .integer(100 + rounds)]])
            return .allowing(review)
        }
        #expect(exchange.answer.status == 409 && rounds == 5)
    }

    // MARK: What it says

    @Test("a denial is returned with the real server's wording and the webhook's status")
    func refusal() throws {
        let server = try server()
        func refuse(_ status: JSON?) -> Answer {
            server.exchange("POST", Sample.path, Sample.object("a")) { review in
                var response: [String: JSON] = ["uid": review["uid"] ?? "", "allowed": false]
                response["status"] = status
                return .response(.object(response))
            }.answer
        }
        let invalid = refuse(["code": 422, "reason": "Invalid", "message": "spec.max: too big"])
        #expect(invalid.status == 422 && invalid.reason == "Invalid")
        #expect(
            invalid.json["message"]
                == "admission webhook \"check.tests.example.com\" denied the request: spec.max: too big")
        let bare = refuse(nil)
        #expect(bare.status == 400 && bare.reason == nil)
        #expect(
            bare.json["message"]
                == "admission webhook \"check.tests.example.com\" denied the request without explanation")
        #expect(refuse(["code": 200, "reason": "Forbidden"]).status == 400)
        #expect(server.get(Sample.path + "/a").status == 404)
    }

    @Test("webhook warnings are returned once each, and truncated if they are too long in total")
    func warnings() throws {
        let server = try server()
        func warnings(_ texts: [String]) -> [String] {
            server.exchange("POST", Sample.path + "?dryRun=All", Sample.object("a")) { review in
                .response(
                    [
                        "uid": review["uid"] ?? "", "allowed": true,
                        "warnings": .array(texts.map { .string($0) }),
                    ])
            }.answer.response.warnings
        }
        #expect(warnings(["one", "two", "one"]) == ["one", "two"])
        let long = warnings((0..<40).map { "\($0) " + String(repeating: "x", count: 500) })
        #expect(long.count == 16 && long.allSatisfy { $0.count == 256 })
    }

    @Test(
        "a failed webhook call and a malformed review deny with failurePolicy Fail and pass with Ignore",
        arguments: [
            (
                WebhookOutcome.failure("dial tcp 127.0.0.1:1: connect: connection refused"),
                """
                failed to call webhook: Post "https://checks.example.com/validate?timeout=10s": \
                dial tcp 127.0.0.1:1: connect: connection refused
                """
            ),
            (
                .answer(status: 503, body: []),
                "failed to call webhook: the server is currently unable to handle the request"
            ),
            (.answer(status: 200, body: Array(#"{}"#.utf8)), "webhook response was absent"),
            (
                .answer(status: 200, body: Array(#"{"response": {"uid": "1"}}"#.utf8)),
                #"expected response.uid="UID", got "1""#
            ),
        ])
    func failure(outcome: WebhookOutcome, words: String) throws {
        let strict = try server().exchange("POST", Sample.path, Sample.object("a")) { _ in outcome }
        #expect(strict.answer.status == 500 && strict.answer.reason == "InternalError")
        let words = words.replacing("UID", with: strict.reviews.first?["uid"]?.stringValue ?? "")
        #expect(
            strict.answer.json["message"]
                == .string("Internal error occurred: failed calling webhook \"check.tests.example.com\": \(words)"))
        let lenient = try server(["failurePolicy": "Ignore"]).exchange("POST", Sample.path, Sample.object("a")) { _ in
            outcome
        }
        #expect(lenient.answer.status == 201 && lenient.answer.response.warnings.isEmpty)
    }

    @Test("several webhooks are all called, and one denial is enough")
    func several() throws {
        let server = try server()
        try server.api.create(Self.configuration(["name": "b.tests.example.com"], named: "more"))
        let exchange = server.exchange("POST", Sample.path, Sample.object("a")) { review in
            .allowing(review)
        } second: {
            .refusing($0, "b says no")
        }
        #expect(exchange.calls.count == 2 && exchange.answer.status == 400)
        #expect(
            exchange.answer.json["message"] == "admission webhook \"b.tests.example.com\" denied the request: b says no"
        )
    }

    // MARK: Address

    @Test("a Service of type ExternalName leads to its host under the Service's name, and any other fails the call")
    func service() throws {
        let service: JSON = ["name": "checks", "namespace": "test", "path": "/validate", "port": 8443]
        let server = try server(["clientConfig": ["service": service], "timeoutSeconds": 3])
        func message() -> JSON? {
            server.exchange("POST", Sample.path, Sample.object("a")) { .allowing($0) }.answer.json["message"]
        }
        let failed = """
            Internal error occurred: failed calling webhook "check.tests.example.com": failed to call webhook: Post \
            "https://checks.test.svc:8443/validate?timeout=3s":
            """
        #expect(message()?.stringValue == failed + " service \"checks\" not found")
        var object: JSON = [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "checks", "namespace": "test"],
            "spec": ["ports": [["port": 8_443]]],
        ]
        try server.api.apply(object)
        #expect(message()?.stringValue?.hasPrefix(failed + " no endpoints available for service \"checks\"") == true)
        object = [
            "apiVersion": "v1", "kind": "Service", "metadata": ["name": "checks", "namespace": "test"],
            "spec": ["type": "ExternalName", "externalName": "localhost"],
        ]
        try server.api.apply(object)
        let exchange = server.exchange("POST", Sample.path, Sample.object("a")) { .allowing($0) }
        #expect(exchange.answer.status == 201)
        #expect(exchange.calls.first?.url == "https://localhost:8443/validate?timeout=3s")
        #expect(exchange.calls.first?.serverName == "checks.test.svc")
        #expect(exchange.calls.first?.timeout == .seconds(3))
        let late = server.exchange("POST", Sample.path, Sample.object("b")) { _ in
            .failure("context deadline exceeded")
        }
        #expect(late.answer.json["message"]?.stringValue == failed + " context deadline exceeded")
    }

    @Test("an API server in memory calls no webhook and treats each call as failed")
    func inMemory() throws {
        #expect(try server().post(Sample.path, Sample.object("a")).status == 500)
        #expect(try server(["failurePolicy": "Ignore"]).post(Sample.path, Sample.object("a")).status == 201)
    }
}
