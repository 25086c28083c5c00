import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Targets of kinds whose replicas are only in the scale subresource.
@Suite("Targets of custom kinds", .timeLimit(.minutes(5)))
struct TargetKindTests {
    /// The status of four replicas that are not ready, as Go's encoder writes it.
    private static let unready: JSON = [
        "HPAReplicas": 4, "replicas": 4, "updatedReplicas": 4, "unavailableReplicas": 4, "selector": "app=web",
    ]

    private func environment(_ value: Double = 350) throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.defineRollouts()
        environment.source.answer { _ in value }
        return environment
    }

    // MARK: Ready replicas

    @Test("a rollout without ready replicas is not scaled up at any poll until some are ready")
    func noneReady() async throws {
        let environment = try environment()
        try environment.roll(replicas: 4, status: Self.unready)
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.rolloutScaler("web", ["pollingIntervalSeconds": 2]))
            try await fixture.poll(30)
            #expect(try environment.replicas(ofRollout: "web") == 4)
            #expect(try fixture.status()["readyReplicas"] == 0)
            #expect(try fixture.status()["limitedBy"]?.arrayValue?.contains("NotReady") == true)
            #expect(try fixture.status()["reason"]?.stringValue?.contains("only 0 of 4 replicas are ready") == true)
            try environment.report("web", ["readyReplicas": 1, "availableReplicas": 1])
            try await fixture.poll(2)
            #expect(try environment.replicas(ofRollout: "web") == 4)
            try environment.report("web", ["readyReplicas": 3])
            try await fixture.poll(2)
            #expect(try environment.replicas(ofRollout: "web") == 8)
        }
    }

    @Test("a target that never reports ready replicas shows them as unknown, and a value per replica changes nothing")
    func unknown() async throws {
        let environment = try environment()
        try environment.roll(replicas: 4, status: ["HPAReplicas": 4])
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.rolloutScaler())
            try await fixture.poll(12)
            #expect(try environment.replicas(ofRollout: "web") == 4)
            #expect(try fixture.status()["readyReplicas"] == nil)
            let condition = try fixture.condition("ReplicasReady")
            #expect(condition?["status"] == "Unknown")
            #expect(condition?["reason"] == "ReadyReplicasUnknown")
            #expect(condition?["message"]?.stringValue?.contains("AverageValue") == true)
            #expect(
                try fixture.status()["reason"]?.stringValue?.contains("does not report its ready replicas")
                    == true)
            // A total does not need ready replicas.
            try fixture.edit("web", ["metrics": [["type": "test", "targetValue": 100, "targetType": "AverageValue"]]])
            try environment.api.patch(TestEnvironment.path(rollout: "web"), ["spec": ["replicas": 2]])
            try await fixture.poll(2)
            #expect(try environment.replicas(ofRollout: "web") == 4)
        }
    }

    @Test("an object that reports ready replicas shows that an absent count means 0 for others of its kind")
    func learned() async throws {
        let environment = try environment()
        try environment.roll("api", replicas: 2, status: ["HPAReplicas": 2, "readyReplicas": 2])
        try environment.roll("web", replicas: 4, status: ["HPAReplicas": 4])
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.rolloutScaler())
            try await fixture.poll(2)
            #expect(try fixture.status()["readyReplicas"] == 0)
            #expect(try fixture.condition("ReplicasReady")?["status"] == "True")
        }
    }

    // MARK: The scale subresource

    @Test("a rollout without spec.replicas is reported once with the command that fixes it, and scaled afterwards")
    func withoutReplicas() async throws {
        let environment = try environment()
        try environment.roll(replicas: nil)
        func scaleReads() -> Int {
            environment.api.requests.count { $0.info?.subresource == "scale" && $0.method == "GET" }
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.rolloutScaler("web", ["minReplicas": 3]))
            try await fixture.poll(7)
            let condition = try fixture.condition("AbleToScale")
            #expect(condition?["status"] == "False")
            #expect(condition?["reason"] == "TargetScaleUnreadable")
            #expect(
                condition?["message"]?.stringValue == "Rollout/web has no spec.replicas, which is required to read its "
                    + "scale subresource: set it once, for example with kubectl -n shop patch "
                    + "rollouts.argoproj.io web --type merge -p '{\"spec\":{\"replicas\":1}}'. From then on this "
                    + "GeneralScaler sets it.")
            #expect(try await fixture.event("TargetScaleUnreadable")["type"] == "Warning")
            #expect(scaleReads() == 1)
            try environment.api.patch(TestEnvironment.path(rollout: "web"), ["spec": ["replicas": 1]])
            try await fixture.poll()
            #expect(try environment.replicas(ofRollout: "web") == 3)
            #expect(try fixture.condition("AbleToScale")?["status"] == "True")
        }
    }

    // MARK: What is kept of a kind

    private func worldWithTargets() throws -> TestEnvironment {
        let environment = try environment(100)
        try environment.roll(replicas: 3, status: ["HPAReplicas": 3, "readyReplicas": 3])
        try environment.deploy("other", replicas: 3)
        return environment
    }

    private static let rollout: JSON = ["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"]

    /// Longer than the lifetime of any watch.
    private static let pollsOfAnHour = 240

    @Test("the watch of a kind ends with the last scaler that needs it, and no further request for the kind is sent")
    func lastScaler() async throws {
        let environment = try worldWithTargets()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.rolloutScaler())
            try fixture.create(TestEnvironment.rolloutScaler("second", ["targetRef": Self.rollout]))
            try fixture.create(TestEnvironment.scaler("other"))
            try await fixture.poll(6)
            #expect(fixture.watches("rollouts"))
            #expect(fixture.runtime.targets.kept.places.map(\.target.name) == ["web"])
            try environment.api.delete(Self.path("web"))
            try await fixture.poll(4)
            #expect(fixture.watches("rollouts"))
            try environment.api.delete(Self.path("second"))
            try await fixture.wait {
                fixture.runtime.targets.kept.kinds == [.deployment] && !fixture.watches("rollouts")
            }
            #expect(fixture.runtime.targets.kept.places.isEmpty)
            environment.api.clearRequests()
            try await fixture.poll(Self.pollsOfAnHour)
            #expect(!environment.api.requests.contains { $0.path.contains("rollouts") })
            #expect(fixture.watches("deployments"))
        }
    }

    @Test("an edit to a target of another kind ends the watch of the previous kind, and an edit back starts it again")
    func edit() async throws {
        let environment = try worldWithTargets()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.rolloutScaler())
            try await fixture.poll(2)
            try fixture.edit("web", ["targetRef": nil, "targetDeployment": "other"])
            try await fixture.wait { !fixture.watches("rollouts") && fixture.watches("deployments") }
            try fixture.edit("web", ["targetDeployment": nil, "targetRef": Self.rollout])
            try await fixture.wait { fixture.watches("rollouts") && !fixture.watches("deployments") }
            try await fixture.poll(2)
            #expect(try fixture.condition("AbleToScale")?["status"] == "True")
        }
    }

    @Test("a kind that may not be listed is no longer requested once its last scaler is deleted")
    func refused() async throws {
        let environment = try worldWithTargets()
        for verb in ["list", "get"] {
            environment.api.addFault(
                .init(.refuse(.init(403, "Forbidden", "no rights", details: [:])), verbs: [verb], resource: "rollouts"))
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.rolloutScaler())
            try fixture.create(TestEnvironment.scaler("other"))
            try await fixture.poll(4)
            #expect(try fixture.condition("AbleToScale")?["reason"] == "TargetForbidden")
            try environment.api.delete(Self.path("web"))
            try await fixture.wait { fixture.runtime.targets.kept.kinds == [.deployment] }
            try await fixture.poll()
            environment.api.clearRequests()
            try await fixture.poll(Self.pollsOfAnHour)
            #expect(!environment.api.requests.contains { $0.path.contains("rollouts") })
        }
    }

    private static func path(_ scaler: String) -> String {
        "/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/\(scaler)"
    }
}
