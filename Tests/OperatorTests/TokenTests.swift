import ClusterSimulator
import KubernetesClient
import PluginHost
import PluginProtocol
import Scaling
import Synchronization
import SystemIO
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Tokens of ServiceAccounts in a metric's config.
@Suite("ServiceAccount tokens", .timeLimit(.minutes(5)))
struct TokenTests {
    private static func reference(_ account: String = "reader", audience: String = "sts", seconds: Int? = nil) -> JSON {
        var token: [String: JSON] = ["serviceAccountName": .string(account), "audience": .string(audience)]
        token["expirationSeconds"] = seconds.map { .integer(Int64($0)) }
        return ["valueFrom": ["serviceAccountToken": .object(token)]]
    }

    private static func scaler(_ config: JSON, name: String = "web") -> JSON {
        TestEnvironment.scaler(
            name, ["maxReplicas": 4, "metrics": [["type": "test", "targetValue": 100, "config": config]]])
    }

    private static func account(
        _ name: String = "reader", labelled: Bool = true, audiences: String? = "other, sts", namespace: String? = nil
    ) -> JSON {
        var metadata: [String: JSON] = [
            "name": .string(name), "namespace": .string(namespace ?? OperatorFixture.namespace),
        ]
        if labelled { metadata["labels"] = ["autoscaling.example.com/readable": "true"] }
        if let audiences { metadata["annotations"] = ["autoscaling.example.com/token-audiences": .string(audiences)] }
        return ["apiVersion": "v1", "kind": "ServiceAccount", "metadata": .object(metadata)]
    }

    /// Returns a Deployment with two replicas, and a source that requires twice as many of every caller with a token.
    private func environment() throws -> (TestEnvironment, Tokens) {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        let tokens = Tokens()
        environment.source.answer { config throws(PluginFailure) in try tokens.value(for: config) }
        return (environment, tokens)
    }

    private func requests(_ fixture: OperatorFixture, _ subresource: String? = "token") -> Int {
        fixture.api.requests.count { $0.info?.resource == "serviceaccounts" && $0.info?.subresource == subresource }
    }

    @Test("a ServiceAccount token is passed to the call, with one request for all scalers that use the account")
    func issued() async throws {
        let (environment, tokens) = try environment()
        try environment.api.create(Self.account())
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["token": Self.reference()]))
            try fixture.create(Self.scaler(["token": Self.reference(), "other": 1], name: "web2"))
            try await fixture.poll(3)
            #expect(try fixture.replicas() == 4)
            let token = try #require(tokens.seen.last)
            #expect(
                ServiceAccountToken.account(of: token)
                    == ObjectKey(namespace: OperatorFixture.namespace, name: "reader"))
            #expect(requests(fixture) == 1)
            let verbs = Set(
                fixture.api.requests.filter { $0.info?.resource == "serviceaccounts" }.map { $0.info?.verb })
            #expect(verbs == ["get", "create"], "neither list nor watch")
        }
    }

    @Test(
        "an account that does not allow tokens gets none, and the message has the fix",
        arguments: [
            (Self.account(labelled: false), "kubectl -n shop label serviceaccount reader"),
            (Self.account(audiences: nil), "does not allow tokens for the audience sts"),
            (Self.account(audiences: "sts.example.com,st s"), "does not allow tokens for the audience sts"),
            (Self.account("reader2"), "ServiceAccount shop/reader does not exist"),
        ])
    func refused(account: JSON, hint: String) async throws {
        let (environment, tokens) = try environment()
        try environment.api.create(account)
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["token": Self.reference()]))
            try await fixture.poll(2)
            let ready = try #require(try fixture.condition("Ready"))
            #expect(ready["reason"] == "TokenUnavailable")
            #expect(ready["message"]?.stringValue?.contains(hint) == true, "\(ready)")
            #expect(try fixture.replicas() == 2)
            #expect(tokens.seen.isEmpty && requests(fixture) == 0)
        }
    }

    @Test("the operator's own account is refused regardless of its labels")
    func ownAccount() async throws {
        let (environment, tokens) = try environment()
        try environment.api.create(Self.account())
        // {"sub":"system:serviceaccount:shop:reader"}
        let own = SecretString("eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6c2hvcDpyZWFkZXIifQ.x")
        try await OperatorFixture.run(environment, credentials: .token(own)) { fixture in
            try fixture.create(Self.scaler(["token": Self.reference()]))
            try await fixture.poll(2)
            let ready = try #require(try fixture.condition("Ready"))
            #expect(ready["reason"] == "TokenUnavailable")
            #expect(ready["message"]?.stringValue?.contains("shop/reader is the operator's own") == true, "\(ready)")
            #expect(tokens.seen.isEmpty && requests(fixture) == 0)
        }
    }

    @Test("without permission to create tokens the message names the two permissions")
    func forbidden() async throws {
        let (environment, _) = try environment()
        try environment.api.create(Self.account())
        environment.api.addFault(
            FaultRule(
                .refuse(StatusError(403, "Forbidden", "no", details: [:])), verbs: ["create"],
                resource: "serviceaccounts",
                subresource: "token"))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["token": Self.reference()]))
            try await fixture.poll(2)
            let message = try fixture.condition("Ready")?["message"]?.stringValue ?? ""
            #expect(message.contains("create on serviceaccounts/token in namespace shop, with resourceNames: [reader]"))
            #expect(try fixture.replicas() == 2)
        }
    }

    @Test("a token is renewed before 80% of its lifetime has passed, without a lost poll")
    func renewed() async throws {
        let (environment, tokens) = try environment()
        try environment.api.create(Self.account())
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["token": Self.reference(seconds: 601)]))
            try await fixture.poll()
            while fixture.seconds < 420 { try await fixture.poll() }
            #expect(requests(fixture) == 1)
            while fixture.seconds < 497 { try await fixture.poll() }
            #expect(requests(fixture) == 2)
            #expect(Set(tokens.seen).count == 2)
            #expect(try fixture.condition("Ready")?["status"] == "True")
        }
    }

    @Test("a renewed token neither splits the reading that scalers share nor makes the operator subscribe again")
    func sharedRenewal() async throws {
        let (environment, tokens) = try environment()
        try environment.api.create(Self.account())
        environment.source.canPush()
        try await OperatorFixture.run(environment) { fixture in
            for name in ["web", "web2", "web3"] {
                try fixture.create(Self.scaler(["token": Self.reference(seconds: 601)], name: name))
            }
            while fixture.seconds < 497 { try await fixture.poll() }
            #expect(requests(fixture) == 2)
            #expect(Set(tokens.seen).count == 2)
            #expect(environment.source.subscriptionsMade == 1 && environment.source.subscriptionCount == 1)
            #expect(environment.source.subscribedConfigs == [["token": .string(try #require(tokens.seen.last))]])
            // One call per interval, whichever scaler is first with the new token.
            #expect(environment.source.reads <= Int(fixture.seconds) / 15 + 2)
        }
    }

    @Test("scalers that want different lifetimes of a token share one with the shortest")
    func lifetimes() async throws {
        let (environment, tokens) = try environment()
        try environment.deploy("web2", replicas: 2)
        try environment.api.create(Self.account())
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["token": Self.reference(seconds: 3_599), "other": 1]))
            try await fixture.poll(2)
            #expect(requests(fixture) == 1)
            let config: JSON = ["token": Self.reference(seconds: 601), "other": 2]
            try fixture.create(
                TestEnvironment.scaler(
                    "web2", target: "web2",
                    ["maxReplicas": 4, "metrics": [["type": "test", "targetValue": 100, "config": config]]]))
            while fixture.seconds < 60 { try await fixture.poll() }
            #expect(requests(fixture) == 2)
            while fixture.seconds < 450 { try await fixture.poll() }
            #expect(requests(fixture) == 2 && Set(tokens.seen).count == 2)
            // The renewal, too, is requested once and for the shortest lifetime, whichever scaler comes first.
            while fixture.seconds < 560 { try await fixture.poll() }
            #expect(requests(fixture) == 3 && Set(tokens.seen).count == 3)
        }
    }

    @Test("a shorter lifetime counts until no scaler has wanted it for as long as a token can be valid")
    func lifetimesEnd() {
        let (lifetimes, key) = (
            TokenLifetimes(), TokenKey(account: ObjectKey(namespace: "a", name: "b"), audience: "c")
        )
        #expect(lifetimes.shortest(key) == 3_600)
        lifetimes.note(3_000, key, now: .seconds(7))
        lifetimes.note(601, key, now: .seconds(8))
        lifetimes.note(3_000, key, now: .seconds(3_607))
        #expect(lifetimes.shortest(key) == 601)
        lifetimes.note(601, key, now: .seconds(3_607))
        lifetimes.note(3_000, key, now: .seconds(3_609))
        #expect(lifetimes.shortest(key) == 601)
        lifetimes.note(3_000, key, now: .seconds(7_207))
        #expect(lifetimes.shortest(key) == 3_000)
    }

    @Test(
        "a failure of the administrator's token names plugins.yaml, and does not hide mistakes of the scaler",
        arguments: [
            (["query": "up"], "TokenUnavailable plugins.test.defaults.token in plugins.yaml: ServiceAccount "),
            (["qurey": "up"], "InvalidMetricConfig spec.metrics[0].config.qurey: is unknown"),
            (["namespace": "other"], "InvalidMetricConfig spec.metrics[0].config.namespace: is filled in"),
        ] as [(JSON, String)])
    func administratorsFailure(config: JSON, message: String) async throws {
        let (environment, tokens) = try environment()
        environment.source.setDefaults(["token": Self.reference("absent")])
        environment.source.declare(["properties": ["namespace": ["type": "string", "x-from": "scaler.namespace"]]])
        environment.source.judge { _, config in
            var problems: [ConfigProblem] = []
            if config["qurey"] != nil { problems.append(ConfigProblem(path: "qurey", message: "is unknown")) }
            // About the placeholder for the token, which says nothing about the spec.
            problems.append(ConfigProblem(path: "token", message: "is too short"))
            return .invalid(problems)
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(config))
            try await fixture.poll(2)
            let ready = try #require(try fixture.condition("Ready"))
            let found = "\(ready["reason"]?.stringValue ?? "") \(ready["message"]?.stringValue ?? "")"
            #expect(found.hasPrefix(message) && !found.contains("too short"), "\(found)")
            #expect(tokens.seen.isEmpty)
        }
    }

    @Test("a malformed reference in the defaults of plugins.yaml is found when the file is read")
    func malformedDefaults() {
        func problem(_ defaults: [String: JSON]) -> String? {
            ConfigTemplate.problem(inDefaults: defaults, path: "plugins.redis.defaults")?.description
        }
        #expect(problem([:]) == nil)
        #expect(problem(["a": ["valueFrom": ["serviceAccountToken": ["serviceAccountName": "x"]]]]) == nil)
        #expect(
            problem(["a": [["valueFrom": ["secretKeyRef": ["label": "x"]]]]])?
                .hasPrefix("plugins.redis.defaults.a[0].valueFrom.secretKeyRef.label: ") == true)
        #expect(
            problem([
                "a": ["valueFrom": ["serviceAccountToken": ["serviceAccountName": "x", "expirationSeconds": "7d"]]]
            ])?
            .hasPrefix("plugins.redis.defaults.a.valueFrom.serviceAccountToken.expirationSeconds: must be") == true)
    }

    @Test("a token that the source refuses is requested again immediately, and then at most every 10 s")
    func revoked() async throws {
        let (environment, tokens) = try environment()
        try environment.api.create(Self.account())
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["token": Self.reference()]))
            try await fixture.poll(2)
            tokens.revokeAll()
            try await fixture.poll()
            #expect(requests(fixture) == 2)
            #expect(try fixture.condition("Ready")?["status"] == "True")
        }
    }

    @Test("a malformed token reference is an error of the spec")
    func malformed() {
        func problem(_ json: JSON) -> String? {
            ConfigTemplate(["token": json], path: "c").problems.first?.description
        }
        #expect(problem(Self.reference()) == nil)
        #expect(problem(Self.reference(seconds: 599))?.contains("c.token.valueFrom.serviceAccountToken") == true)
        #expect(problem(Self.reference(seconds: 3_601)) != nil)
        #expect(problem(Self.reference(audience: "")) != nil)
        #expect(problem(Self.reference(audience: "a,b")) != nil)
        #expect(problem(Self.reference("Up")) != nil)
        #expect(problem(["valueFrom": [:]])?.contains("exactly one of secretKeyRef and serviceAccountToken") == true)
        #expect(
            problem([
                "valueFrom": [
                    "secretKeyRef": ["name": "a", "key": "b"],
                    "serviceAccountToken": ["serviceAccountName": "a", "audience": "b"],
                ]
            ]) != nil)
    }

    @Test("only the administrator's defaults may omit the audience, which is then that of the API server")
    func serverAudience() async throws {
        let reference: JSON = ["valueFrom": ["serviceAccountToken": ["serviceAccountName": "reader"]]]
        let own = ConfigTemplate(["token": reference], path: "c")
        #expect(own.problems.first?.description.contains("audience: is required") == true)
        let inherited = ConfigTemplate(["token": reference], path: "c", inherited: ["token"])
        #expect(inherited.problems.isEmpty)
        for (audiences, isAllowed) in [("kube-apiserver", true), ("sts", false)] {
            let (environment, tokens) = try environment()
            try environment.api.create(Self.account(audiences: audiences))
            environment.source.setDefaults(["token": reference])
            try await OperatorFixture.run(environment) { fixture in
                try fixture.create(Self.scaler([:]))
                try await fixture.poll(2)
                #expect(requests(fixture) == (isAllowed ? 1 : 0))
                #expect(tokens.seen.isEmpty == !isAllowed)
                #expect(try fixture.condition("Ready")?["status"] == (isAllowed ? "True" : "False"))
            }
        }
    }

    @Test("a token reference in the administrator's defaults refers to an account in the operator's namespace")
    func inherited() {
        let template = ConfigTemplate(
            ["token": Self.reference(), "own": [Self.reference()]], path: "c", inherited: ["token"])
        let isOperators = template.places.map { place in
            if case .token(let token) = place.reference { token.isOperators } else { false }
        }
        #expect(template.places.map(\.path) == ["c.own[0]", "c.token"])
        #expect(isOperators == [false, true])
    }

    @Test(
        "the account of a token is read from its claims, and only from a ServiceAccount's token",
        arguments: [
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6b3BzOmdzIn0.x", "ops/gs"),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.x", nil), ("opaque", nil), ("", nil), ("a.b.c", nil),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6b3BzIn0.x", nil),
        ])
    func claims(token: String, account: String?) {
        #expect(ServiceAccountToken.account(of: token)?.description == account)
    }
}

@Suite("A cache of fetched values")
struct FetchCacheTests {
    private typealias Cache = FetchCache<String, Int>

    /// A server with values that are renewed after 480 s and end after 607 s, and that can stop answering.
    private final class Server: Sendable {
        let isDown = Mutex(false)
        let fetches = Mutex(0)

        func fetch() -> Result<Cache.Fetched, FetchFailure> {
            let count = fetches.withLock { fetches in
                fetches += 1
                return fetches
            }
            if isDown.withLock(\.self) { return .failure(.unavailable("down")) }
            return .success(.init(value: count, lifetime: .seconds(480), validity: .seconds(607), bytes: 11))
        }
    }

    @Test("a cached value is used until it expires while the server is down, and not longer")
    func outage() async throws {
        let (server, clock) = (Server(), ManualClock())
        let cache = Cache(time: TimeSource(clock: clock) { 0 }) { _ in
            server.fetch()
        }
        func value(after seconds: Int) async -> Int? {
            clock.advance(by: .seconds(seconds))
            return try? await cache.outcome(of: "a", .cached, isOptional: false).get()
        }
        #expect(await value(after: 0) == 1)
        #expect(await value(after: 479) == 1)
        server.isDown.withLock { $0 = true }
        // At 480 s, 599 s and 606 s: the last failure is 7 s before the end, and failures are kept for 10 s.
        #expect(await value(after: 1) == 1)
        #expect(await value(after: 119) == 1)
        #expect(await value(after: 7) == 1)
        #expect(await value(after: 1) == nil)
        #expect(server.fetches.withLock(\.self) == 4)
        server.isDown.withLock { $0 = false }
        #expect(await value(after: 9) == nil)
        #expect(await value(after: 1) == 5)
    }
}

/// A source that accepts every token that it has not revoked.
private final class Tokens: Sendable {
    private struct State {
        var seen: [String] = []
        var revoked: Set<String> = []
    }

    private let state = Mutex(State())

    var seen: [String] { state.withLock(\.seen) }

    private static func refusal(_ message: String) -> PluginFailure {
        let error = PluginError(.authFailed, message)
        return PluginFailure(.answered(error), plugin: "test", "plugin test answered \(error)")
    }

    func revokeAll() { state.withLock { $0.revoked.formUnion($0.seen) } }

    func value(for config: JSON) throws(PluginFailure) -> Double {
        guard let token = config["token"]?.stringValue else { throw Self.refusal("there is no token") }
        let isRevoked = state.withLock { state in
            if state.revoked.contains(token) { return true }
            state.seen.append(token)
            return false
        }
        if isRevoked { throw Self.refusal("the token is revoked") }
        return 200
    }
}
