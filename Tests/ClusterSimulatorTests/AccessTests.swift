import ClusterSimulator
import Testing
import WireFormats

@Suite struct AccessTests {
    private let server: TestServer
    private static let administrator = ["authorization": "Bearer admin"]

    init() throws {
        server = try TestServer { $0.token = "admin" }
    }

    @Test("a request without a token is 403, with a wrong one 401, with the right one allowed")
    func requestToken403() {
        let anonymous = server.get(Sample.path)
        #expect((anonymous.status, anonymous.reason) == (403, "Forbidden"))
        #expect(anonymous.json["details"] == ["group": "tests.example.com", "kind": "samples"])
        #expect(server.get(Sample.path, headers: ["authorization": "Bearer wrong"]).reason == "Unauthorized")
        #expect(server.get(Sample.path, headers: Self.administrator).status == 200)
        #expect(server.get("/version").status == 200)
        #expect(server.get("/apis").status == 403)
    }

    private func token(of account: String, seconds: Int64 = 600) throws -> [String: String] {
        try server.api.apply([
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": .string(account), "namespace": "test"],
        ])
        let answer = server.call(
            "POST", "/api/v1/namespaces/test/serviceaccounts/\(account)/token",
            ["spec": ["expirationSeconds": .integer(seconds)]], headers: Self.administrator)
        return ["authorization": "Bearer \(try #require(answer.json["status"]?["token"]?.stringValue))"]
    }

    @Test("a service account may do what its roles allow, and nothing else")
    func serviceAccountWhat() throws {
        let poor = try token(of: "poor")
        #expect(server.get(Sample.path, headers: poor).status == 403)
        #expect(server.get("/apis", headers: poor).status == 200)
        try server.api.create([
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": ["name": "reader", "namespace": "test"],
            "rules": [
                ["apiGroups": ["tests.example.com"], "resources": ["samples"], "verbs": ["list"]],
                [
                    "apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["patch"],
                    "resourceNames": ["web"],
                ],
            ],
        ])
        try server.api.create([
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": ["name": "reader", "namespace": "test"],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"],
            "subjects": [["kind": "ServiceAccount", "name": "poor", "namespace": "test"]],
        ])
        #expect(server.get(Sample.path, headers: poor).status == 200)
        #expect(server.get("\(Sample.path)/a", headers: poor).status == 403)
        #expect(server.get("/apis/tests.example.com/v1/samples", headers: poor).status == 403)
        func scale(_ name: String) -> Int {
            server.call(
                "PATCH", "\(Sample.deployments)/\(name)/scale", ["spec": ["replicas": 1]],
                "application/merge-patch+json", headers: poor
            ).status
        }
        #expect((scale("web"), scale("other")) == (404, 403))
    }

    @Test("a token is invalid after it expires")
    func tokenInvalidExpires() throws {
        let account = try token(of: "brief")
        #expect(server.get("/apis", headers: account).status == 200)
        server.advance(.seconds(600))
        #expect(server.get("/apis", headers: account).status == 401)
    }

    @Test("an access review returns a user's rights")
    func accessReviewReturns() {
        let review: JSON = [
            "spec": [
                "user": "jane", "resourceAttributes": ["verb": "get", "resource": "secrets", "namespace": "test"],
            ]
        ]
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        let answer = server.call("POST", path, review, headers: Self.administrator)
        #expect((answer.status, answer.json["status"]) == (201, ["allowed": false]))
        let own = server.call(
            "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            ["spec": ["resourceAttributes": ["verb": "get", "resource": "secrets"]]], headers: Self.administrator)
        #expect(own.json["status"] == ["allowed": true])
    }
}
