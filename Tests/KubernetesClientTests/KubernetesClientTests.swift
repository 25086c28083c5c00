import HTTPTransport
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import KubernetesClient

@Suite("Requests to the API server", .timeLimit(.minutes(5)))
struct KubernetesClientTests {
    private let fixture = Fixture(credentials: .token(SecretString("t0ken")))

    @Test("a read requests JSON at the object's path, with the token")
    func get() async throws {
        async let object = fixture.client.get(.deployment, .web)
        let call = try await fixture.server.next()
        #expect(call.line == "GET /apis/apps/v1/namespaces/shop/deployments/web")
        #expect(call.header("Accept") == "application/json")
        #expect(call.header("Authorization") == "Bearer t0ken")
        #expect(call.header("Content-Type") == nil)
        #expect(call.request.timeout == .seconds(30))
        call.answer(["kind": "Deployment"])
        #expect(try await object == ["kind": "Deployment"])
    }

    @Test("a core kind has a path below /api, and a kind without namespaces has none in its path")
    func paths() {
        let node = ResourceKind(group: "", version: "v1", kind: "Node", plural: "nodes", isNamespaced: false)
        #expect(node.path(namespace: nil, name: "a b/c", subresource: "status") == "/api/v1/nodes/a%20b%2Fc/status")
        #expect(ResourceKind.sample.path(namespace: nil) == "/apis/example.com/v1/samples")
    }

    @Test("writes name their field manager and the content type of their body")
    func writes() async throws {
        async let created = fixture.client.create(.sample, in: "shop", sample("a", version: 0))
        let create = try await fixture.server.next()
        #expect(create.line == "POST /apis/example.com/v1/namespaces/shop/samples?fieldManager=generalscaler")
        #expect(create.header("Content-Type") == "application/json")
        create.answer(201, sample("a", version: 1))
        _ = try await created

        async let updated = fixture.client.update(.sample, .web, sample("web", version: 1))
        let update = try await fixture.server.next()
        #expect(update.line == "PUT /apis/example.com/v1/namespaces/shop/samples/web?fieldManager=generalscaler")
        update.answer(sample("web", version: 2))
        _ = try await updated

        async let patched = fixture.client.mergePatch(.sample, .web, ["status": ["a": nil]], subresource: "status")
        let patch = try await fixture.server.next()
        #expect(
            patch.line == "PATCH /apis/example.com/v1/namespaces/shop/samples/web/status?fieldManager=generalscaler")
        #expect(patch.header("Content-Type") == "application/merge-patch+json")
        #expect(patch.body == ["status": ["a": nil]])
        patch.answer(sample("web", version: 3))
        _ = try await patched

        async let deleted: Void = fixture.client.delete(.sample, .web, uid: "u-1")
        let delete = try await fixture.server.next()
        #expect(delete.line == "DELETE /apis/example.com/v1/namespaces/shop/samples/web")
        #expect(delete.body?["preconditions"] == ["uid": "u-1"])
        delete.answer(status(200, "", "ok"))
        try await deleted
    }

    @Test("names that would lead to another path are refused before a request is sent", arguments: ["", ".", ".."])
    func pathSegments(name: String) async throws {
        let error = await #expect(throws: KubernetesError.self) {
            _ = try await fixture.client.scale(of: .deployment, ObjectKey(namespace: "shop", name: name))
        }
        #expect(error?.kind == .badRequest)
        await #expect(throws: KubernetesError.self) {
            _ = try await fixture.client.get(.deployment, ObjectKey(namespace: name.isEmpty ? ".." : name, name: "web"))
        }
    }

    struct Refusal: Sendable {
        let code: Int
        let reason: String
        let kind: KubernetesError.Kind
    }

    @Test(
        "each error response has its error kind",
        arguments: [
            Refusal(code: 400, reason: "BadRequest", kind: .badRequest),
            Refusal(code: 401, reason: "Unauthorized", kind: .unauthorized),
            Refusal(code: 403, reason: "Forbidden", kind: .forbidden),
            Refusal(code: 404, reason: "NotFound", kind: .notFound),
            Refusal(code: 405, reason: "MethodNotAllowed", kind: .rejected),
            Refusal(code: 409, reason: "AlreadyExists", kind: .alreadyExists),
            Refusal(code: 409, reason: "Conflict", kind: .conflict),
            Refusal(code: 410, reason: "Expired", kind: .gone),
            Refusal(code: 422, reason: "Invalid", kind: .invalid),
            Refusal(code: 429, reason: "TooManyRequests", kind: .tooManyRequests),
            Refusal(code: 500, reason: "InternalError", kind: .serverError),
            Refusal(code: 504, reason: "Timeout", kind: .timeout),
            Refusal(code: 302, reason: "", kind: .rejected),
        ])
    func refusals(_ refusal: Refusal) async throws {
        async let result = Result { try await fixture.client.mergePatch(.sample, .web, [:]) }
        try await fixture.server.next().answer(refusal.code, status(refusal.code, refusal.reason, "because"))
        let error = try #require(await result.failure as? KubernetesError)
        #expect(error.kind == refusal.kind)
        #expect(error.status == refusal.code)
        #expect(error.reason == refusal.reason)
        #expect(
            error.description == "patch samples shop/web: \(refusal.kind.rawValue) (\(refusal.code)): because")
    }

    @Test("an error contains the fields that the server names")
    func causes() async throws {
        async let result = Result { try await fixture.client.mergePatch(.sample, .web, [:]) }
        try await fixture.server.next().answer(
            422,
            [
                "kind": "Status", "reason": "Invalid", "message": "no", "code": 422,
                "details": [
                    "causes": [
                        ["reason": "FieldValueInvalid", "message": "must not be negative", "field": "spec.replicas"]
                    ]
                ],
            ])
        let error = try #require(await result.failure as? KubernetesError)
        #expect(error.causes.map(\.field) == ["spec.replicas"])
        #expect(error.causes.map(\.message) == ["must not be negative"])
    }

    @Test("an error page from a proxy is reported in one short line")
    func proxyPage() async throws {
        async let result = Result { try await fixture.client.mergePatch(.sample, .web, [:]) }
        try await fixture.server.next().answer(502, text: "<html>\nBad Gateway" + String(repeating: "x", count: 9_000))
        let error = try #require(await result.failure as? KubernetesError)
        #expect(error.kind == .serverError)
        #expect(error.message.hasPrefix("the server said: <html> Bad Gateway"))
        #expect(error.message.utf8.count < 400)
    }

    @Test("a response that is not JSON is a malformed answer")
    func malformedAnswer() async throws {
        async let result = Result { try await fixture.client.get(.sample, .web) }
        try await fixture.server.next().answer(text: "hello")
        #expect(try #require(await result.failure as? KubernetesError).kind == .malformedAnswer)
    }

    @Test("every attempt of a call is observed")
    func observed() async throws {
        let attempts = Mutex<[KubernetesClient.Attempt]>([])
        let fixture = Fixture(observe: { attempt in attempts.withLock { $0.append(attempt) } })
        async let scale = fixture.client.scale(of: .deployment, .web)
        let first = try await fixture.server.next()
        fixture.clock.advance(by: .milliseconds(20))
        first.fail(.connect)
        try await fixture.clock.sleepers()
        fixture.clock.advanceToNextSleeper()
        try await fixture.server.next().answer(scaleObject(replicas: 2))
        _ = try await scale
        #expect(
            attempts.withLock { $0 } == [
                .init(verb: "get", resource: "deployments/scale", status: nil, duration: .milliseconds(20)),
                .init(verb: "get", resource: "deployments/scale", status: 200, duration: .zero),
            ])
    }

    // MARK: Lists

    @Test("a list is read page by page")
    func pages() async throws {
        async let names = collectNames()
        let first = try await fixture.server.next()
        #expect(first.line == "GET /apis/example.com/v1/samples?labelSelector=tier%3Dgold&limit=2")
        first.answer(samples(version: 9, next: "t/1", sample("a", version: 1), sample("b", version: 2)))
        let second = try await fixture.server.next()
        #expect(second.line == "GET /apis/example.com/v1/samples?labelSelector=tier%3Dgold&limit=2&continue=t%2F1")
        second.answer(samples(version: 9, sample("c", version: 3)))
        #expect(try await names == [["a", "b"], ["c"]])
    }

    private func collectNames() async throws -> [[String]] {
        var pages: [[String]] = []
        try await fixture.client.eachPage(of: .sample, in: nil, Selection(labels: "tier=gold"), limit: 2) { items in
            pages.append(items.compactMap { $0["metadata"]?["name"]?.stringValue })
        }
        return pages
    }

    @Test(
        "a list response may have no items, null items, and its members in any order",
        arguments: [
            #"{"metadata":{"resourceVersion":"5"}}"#, #"{"items":null,"metadata":{"resourceVersion":"5"}}"#,
            #" { "metadata" : {"resourceVersion":"5","continue":null} , "items" : [ ] } "#,
        ])
    func emptyList(text: String) async throws {
        async let page = fixture.client.list(.sample, in: "shop") { $0 }
        try await fixture.server.next().answer(text: text)
        #expect(try await page.items.isEmpty)
        #expect(try await page.resourceVersion == "5")
        #expect(try await page.continueToken == nil)
    }

    @Test(
        "a response that is not a list is reported as such",
        arguments: [
            "", "[]", "{", #"{"items":[]}"#, #"{"items":{},"metadata":{"resourceVersion":"5"}}"#,
            #"{"items":[{"a":"}]"#, #"{"items":[{]],"metadata":{"resourceVersion":"5"}}"#,
        ])
    func noList(text: String) async throws {
        async let result = Result { try await fixture.client.list(.sample, in: "shop") { $0 } }
        try await fixture.server.next().answer(text: text)
        #expect(try #require(await result.failure as? KubernetesError).kind == .malformedAnswer)
    }
}

func scaleObject(replicas: Int, version: String = "7") -> JSON {
    [
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": ["name": "web", "namespace": "shop", "uid": "u", "resourceVersion": .string(version)],
        "spec": replicas == 0 ? [:] : ["replicas": .integer(Int64(replicas))],
        "status": ["replicas": 2, "selector": "app=web"],
    ]
}

extension Result where Failure == any Error {
    init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }

    var failure: Failure? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
