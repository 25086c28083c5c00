import ClusterSimulator
import PluginHost
import PluginProtocol
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Values of Secrets in a metric's config: from the cluster into the plugin's call, and nowhere else.
@Suite("Secrets", .timeLimit(.minutes(5)))
struct SecretTests {
    private static let path = "/api/v1/namespaces/\(OperatorFixture.namespace)/secrets"

    private static func reference(_ key: String = "password", of name: String = "redis", optional: Bool = false) -> JSON
    {
        var reference: [String: JSON] = ["name": .string(name), "key": .string(key)]
        if optional { reference["optional"] = true }
        return ["valueFrom": ["secretKeyRef": .object(reference)]]
    }

    private static func scaler(_ config: JSON) -> JSON {
        TestEnvironment.scaler(
            "web", ["maxReplicas": 4, "metrics": [["type": "test", "targetValue": 100, "config": config]]])
    }

    private static func secret(_ data: [String: String], labelled: Bool = true, name: String = "redis") -> JSON {
        var metadata: [String: JSON] = ["name": .string(name), "namespace": .string(OperatorFixture.namespace)]
        if labelled { metadata["labels"] = ["autoscaling.example.com/readable": "true"] }
        return [
            "apiVersion": "v1", "kind": "Secret", "metadata": .object(metadata),
            "stringData": .object(data.mapValues { .string($0) }),
        ]
    }

    /// Returns a Deployment with two replicas, and a source that requires twice as many if the password is correct.
    private func environment(password: String = "hunter22") throws -> (TestEnvironment, Passwords) {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        let passwords = Passwords(password)
        environment.source.answer { config throws(PluginFailure) in try passwords.value(for: config) }
        return (environment, passwords)
    }

    private func refusal(_ status: Int, _ reason: String) -> FaultRule {
        FaultRule(
            .refuse(StatusError(status, reason, "secrets \"redis\" cannot be read", details: [:])), verbs: ["get"],
            resource: "secrets")
    }

    private func reads(_ fixture: OperatorFixture) -> Int {
        fixture.api.requests.count { $0.info?.resource == "secrets" }
    }

    private func expectHeld(
        _ fixture: OperatorFixture, _ reason: String, _ hint: String, isFirstOfReason: Bool = true
    ) async throws {
        let ready = try #require(try fixture.condition("Ready"))
        #expect(ready["status"] == "False")
        #expect(ready["reason"]?.stringValue == reason)
        #expect(ready["message"]?.stringValue?.contains(hint) == true, "\(ready)")
        if isFirstOfReason { #expect(try await fixture.event(reason)["note"] == ready["message"]) }
        #expect(try fixture.replicas() == 2)
    }

    @Test("a Secret's value is passed to the call at any depth of the config, and only get is requested")
    func resolved() async throws {
        let (environment, passwords) = try environment()
        try environment.api.create(Self.secret(["password": "hunter22", "user": "alice"]))
        try await OperatorFixture.run(environment) { fixture in
            let config: JSON = [
                "password": Self.reference(),
                "nested": ["users": [Self.reference("user"), "other", Self.reference("none", optional: true)]],
                "left": Self.reference("out", of: "nosuch", optional: true),
            ]
            try fixture.create(Self.scaler(config))
            try await fixture.poll(3)
            #expect(try fixture.replicas() == 4)
            #expect(
                passwords.seen.last == [
                    "password": "hunter22", "nested": ["users": ["alice", "other"]],
                ])
            let verbs = fixture.api.requests.filter { $0.info?.resource == "secrets" }.map { $0.info?.verb }
            #expect(verbs == ["get", "get"], "one for each Secret, however many keys and polls")
        }
    }

    @Test("a missing Secret holds the replicas, the message says how to create it, and scaling starts once it exists")
    func missing() async throws {
        let (environment, _) = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            try await fixture.poll(2)
            try await expectHeld(
                fixture, "SecretNotFound", "spec.metrics[0].config.password: Secret shop/redis does not exist")
            try environment.api.create(Self.secret(["pass": "hunter22"]))
            try await fixture.poll()
            try await expectHeld(
                fixture, "SecretNotFound", "Secret shop/redis has no key password", isFirstOfReason: false)
            try environment.api.patch("\(Self.path)/redis", ["stringData": ["password": "hunter22"]])
            try await fixture.poll()
            #expect(try fixture.replicas() == 4)
        }
    }

    @Test("a Secret without the label is not used, and the message has the command that adds it")
    func unlabelled() async throws {
        let (environment, passwords) = try environment()
        try environment.api.create(Self.secret(["password": "hunter22"], labelled: false))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference(optional: true)]))
            try await fixture.poll(2)
            try await expectHeld(
                fixture, "SecretNotReadable",
                "kubectl -n shop label secret redis autoscaling.example.com/readable=true")
            #expect(passwords.seen.isEmpty)
            try environment.api.patch(
                "\(Self.path)/redis", ["metadata": ["labels": ["autoscaling.example.com/readable": "true"]]])
            try await fixture.poll()
            #expect(try fixture.replicas() == 4)
        }
    }

    @Test("the administrator can disable the requirement of the label")
    func unlabelledAllowed() async throws {
        let (environment, _) = try environment()
        try environment.api.create(Self.secret(["password": "hunter22"], labelled: false))
        try await OperatorFixture.run(environment, allowsUnlabelledSecrets: true) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            try await fixture.poll()
            #expect(try fixture.replicas() == 4)
        }
    }

    @Test("without permission to read a Secret the message names the missing permission")
    func forbidden() async throws {
        let (environment, _) = try environment()
        environment.api.addFault(refusal(403, "Forbidden"))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            try await fixture.poll()
            try await expectHeld(fixture, "SecretForbidden", "the permission to get secrets in namespace shop")
        }
    }

    @Test("a rotated password is fetched when the source refuses the old one, and no poll is lost")
    func rotated() async throws {
        let (environment, passwords) = try environment()
        try environment.api.create(Self.secret(["password": "hunter22"]))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            try await fixture.poll(2)
            #expect(try fixture.condition("Ready")?["status"] == "True")
            passwords.rotate(to: "hunter23")
            try environment.api.patch("\(Self.path)/redis", ["stringData": ["password": "hunter23"]])
            try await fixture.poll()
            #expect(try fixture.condition("Ready")?["status"] == "True")
            #expect(passwords.seen.last?["password"] == "hunter23")
            #expect(reads(fixture) == 2)
        }
    }

    @Test("a rotated value takes effect within the cache's lifetime even if the old value still works")
    func expires() async throws {
        let (environment, passwords) = try environment()
        passwords.acceptsAll()
        try environment.api.create(Self.secret(["password": "hunter22"]))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            try await fixture.poll()
            try environment.api.patch("\(Self.path)/redis", ["stringData": ["password": "hunter23"]])
            while fixture.seconds < 290 { try await fixture.poll() }
            #expect(passwords.seen.last?["password"] == "hunter22")
            while fixture.seconds < 331 { try await fixture.poll() }
            #expect(passwords.seen.last?["password"] == "hunter23")
            #expect(reads(fixture) == 2)
        }
    }

    @Test("a wrong password does not cause frequent requests to the API server")
    func wrongPassword() async throws {
        let (environment, _) = try environment()
        try environment.api.create(Self.secret(["password": "wrong-one"]))
        try await OperatorFixture.run(environment) { fixture in
            var scaler = Self.scaler(["password": Self.reference()]).objectValue ?? [:]
            var spec = scaler["spec"]?.objectValue ?? [:]
            spec["pollingIntervalSeconds"] = 1
            scaler["spec"] = .object(spec)
            try fixture.create(.object(scaler))
            try await fixture.poll(41)
            #expect(fixture.seconds >= 39)
            #expect((4...5).contains(reads(fixture)), "\(reads(fixture))")
            #expect(try fixture.replicas() == 2)
        }
    }

    @Test("an edit of the scaler fetches the Secret again")
    func edited() async throws {
        let (environment, passwords) = try environment()
        passwords.acceptsAll()
        try environment.api.create(Self.secret(["password": "hunter22"]))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            try await fixture.poll(2)
            try environment.api.patch("\(Self.path)/redis", ["stringData": ["password": "hunter23"]])
            try fixture.edit("web", ["maxReplicas": 11])
            try await fixture.poll(3)
            #expect(passwords.seen.last?["password"] == "hunter23")
        }
    }

    @Test("a failing API server does not remove a cached value, but the deletion of the Secret does")
    func staleAndDeleted() async throws {
        let (environment, _) = try environment()
        try environment.api.create(Self.secret(["password": "hunter22"]))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            try await fixture.poll()
            environment.api.addFault(refusal(400, "BadRequest"))
            while fixture.seconds < 361 { try await fixture.poll() }
            #expect(reads(fixture) > 2)
            #expect(try fixture.condition("Ready")?["status"] == "True")
            environment.api.removeFaults()
            _ = try environment.api.delete("\(Self.path)/redis")
            try await fixture.poll()
            #expect(try fixture.condition("Ready")?["reason"] == "SecretNotFound")
            #expect(try fixture.condition("ScalingActive")?["status"] == "False")
        }
    }

    @Test("a malformed Secret reference is reported with its path")
    func malformed() async throws {
        let (environment, _) = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["a": [["valueFrom": ["secretKeyRef": ["name": "redis"]]]]]))
            try await fixture.poll()
            try await expectHeld(
                fixture, "InvalidSpec", "spec.metrics[0].config.a[0].valueFrom.secretKeyRef.key: is required")
        }
    }

    @Test("two scalers with the same Secret value share one reading, and with different values they do not")
    func shared() async throws {
        let (environment, _) = try environment()
        try environment.deploy("other", replicas: 2)
        try environment.api.create(Self.secret(["password": "hunter22", "same": "hunter22"]))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(Self.scaler(["password": Self.reference()]))
            let metric: JSON = ["type": "test", "targetValue": 100, "config": ["password": Self.reference("same")]]
            try fixture.create(TestEnvironment.scaler("other", ["maxReplicas": 4, "metrics": [metric]]))
            try await fixture.poll(2)
            #expect(try fixture.replicas(of: "other") == 4)
            #expect(environment.source.reads <= 2)
        }
    }
}

/// A source that checks a password, and records the configs that it receives.
private final class Passwords: Sendable {
    private struct State {
        var password: String?
        var seen: [JSON] = []
    }

    private let state: Mutex<State>

    init(_ password: String) {
        state = Mutex(State(password: password))
    }

    var seen: [JSON] { state.withLock(\.seen) }

    func rotate(to password: String) { state.withLock { $0.password = password } }

    func acceptsAll() { state.withLock { $0.password = nil } }

    func value(for config: JSON) throws(PluginFailure) -> Double {
        let isRight = state.withLock { state in
            state.seen.append(config)
            return state.password == nil || config["password"]?.stringValue == state.password
        }
        guard isRight else {
            let error = PluginError(.authFailed, "the password is wrong")
            throw PluginFailure(.answered(error), plugin: "test", "plugin test answered \(error)")
        }
        return 200
    }
}
