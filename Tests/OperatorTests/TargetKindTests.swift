import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@testable import Operator

/// Targets of kinds whose replicas only the scale subresource knows.
@Suite("Targets of custom kinds", .timeLimit(.minutes(5)))
struct TargetKindTests {
    /// What Go's encoder leaves of four replicas that are not ready.
    private static let unready: JSON = [
        "HPAReplicas": 4, "replicas": 4, "updatedReplicas": 4, "unavailableReplicas": 4, "selector": "app=web",
    ]

    private func world(_ value: Double = 350) throws -> World {
        let world = try World()
        try world.defineRollouts()
        world.source.answer { _ in value }
        return world
    }

    // MARK: Ready replicas

    @Test("a rollout none of whose replicas is ready is not scaled up, poll after poll, until some are")
    func noneReady() async throws {
        let world = try world()
        try world.roll(replicas: 4, status: Self.unready)
        try await OperatorFixture.run(world) { fixture in
            try fixture.create(World.rolloutScaler("web", ["pollingIntervalSeconds": 2]))
            try await fixture.poll(30)
            #expect(try world.replicas(ofRollout: "web") == 4)
            #expect(try fixture.status()["readyReplicas"] == 0)
            #expect(try fixture.status()["limitedBy"]?.arrayValue?.contains("NotReady") == true)
            #expect(try fixture.status()["reason"]?.stringValue?.contains("only 0 of 4 replicas are ready") == true)
            try world.report("web", ["readyReplicas": 1, "availableReplicas": 1])
            try await fixture.poll(2)
            #expect(try world.replicas(ofRollout: "web") == 4)
            try world.report("web", ["readyReplicas": 3])
            try await fixture.poll(2)
            #expect(try world.replicas(ofRollout: "web") == 8)
        }
    }

    @Test("a target that never reports ready replicas is said to be unknown, and a value per replica changes nothing")
    func unknown() async throws {
        let world = try world()
        try world.roll(replicas: 4, status: ["HPAReplicas": 4])
        try await OperatorFixture.run(world) { fixture in
            try fixture.create(World.rolloutScaler())
            try await fixture.poll(12)
            #expect(try world.replicas(ofRollout: "web") == 4)
            #expect(try fixture.status()["readyReplicas"] == nil)
            let condition = try fixture.condition("ReplicasReady")
            #expect(condition?["status"] == "Unknown")
            #expect(condition?["reason"] == "ReadyReplicasUnknown")
            #expect(condition?["message"]?.stringValue?.contains("AverageValue") == true)
            #expect(
                try fixture.status()["reason"]?.stringValue?.contains("does not say how many replicas are ready")
                    == true)
            // A total needs no ready replicas.
            try fixture.edit("web", ["metrics": [["type": "test", "targetValue": 100, "targetType": "AverageValue"]]])
            try world.api.patch(World.path(rollout: "web"), ["spec": ["replicas": 2]])
            try await fixture.poll(2)
            #expect(try world.replicas(ofRollout: "web") == 4)
        }
    }

    @Test("an object that reports ready replicas shows that an absent count means 0 for others of its kind")
    func learned() async throws {
        let world = try world()
        try world.roll("api", replicas: 2, status: ["HPAReplicas": 2, "readyReplicas": 2])
        try world.roll("web", replicas: 4, status: ["HPAReplicas": 4])
        try await OperatorFixture.run(world) { fixture in
            try fixture.create(World.rolloutScaler())
            try await fixture.poll(2)
            #expect(try fixture.status()["readyReplicas"] == 0)
            #expect(try fixture.condition("ReplicasReady")?["status"] == "True")
        }
    }

    // MARK: The scale subresource

    @Test("a rollout without spec.replicas is told with the command that helps, asked for once, and scaled after it")
    func withoutReplicas() async throws {
        let world = try world()
        try world.roll(replicas: nil)
        func scaleReads() -> Int {
            world.api.requests.count { $0.info?.subresource == "scale" && $0.method == "GET" }
        }
        try await OperatorFixture.run(world) { fixture in
            try fixture.create(World.rolloutScaler("web", ["minReplicas": 3]))
            try await fixture.poll(7)
            let condition = try fixture.condition("AbleToScale")
            #expect(condition?["status"] == "False")
            #expect(condition?["reason"] == "TargetScaleUnreadable")
            #expect(
                condition?["message"]?.stringValue == "Rollout/web has no spec.replicas, without which its scale "
                    + "subresource cannot be read: set it once, for example with kubectl -n shop patch "
                    + "rollouts.argoproj.io web --type merge -p '{\"spec\":{\"replicas\":1}}'. From then on this "
                    + "GeneralScaler sets it.")
            #expect(try await fixture.event("TargetScaleUnreadable")["type"] == "Warning")
            #expect(scaleReads() == 1)
            try world.api.patch(World.path(rollout: "web"), ["spec": ["replicas": 1]])
            try await fixture.poll()
            #expect(try world.replicas(ofRollout: "web") == 3)
            #expect(try fixture.condition("AbleToScale")?["status"] == "True")
        }
    }

    // MARK: What is kept of a kind

    private func worldWithTargets() throws -> World {
        let world = try world(100)
        try world.roll(replicas: 3, status: ["HPAReplicas": 3, "readyReplicas": 3])
        try world.deploy("other", replicas: 3)
        return world
    }

    private static let rollout: JSON = ["apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"]

    /// Longer than the lifetime of any watch.
    private static let pollsOfAnHour = 240

    @Test("the watch of a kind ends with the last scaler that needs it, and nothing is asked of the kind from then on")
    func lastScaler() async throws {
        let world = try worldWithTargets()
        try await OperatorFixture.run(world) { fixture in
            try fixture.create(World.rolloutScaler())
            try fixture.create(World.rolloutScaler("second", ["targetRef": Self.rollout]))
            try fixture.create(World.scaler("other"))
            try await fixture.poll(6)
            #expect(fixture.watches("rollouts"))
            #expect(fixture.runtime.targets.kept.places.map(\.target.name) == ["web"])
            try world.api.delete(Self.path("web"))
            try await fixture.poll(4)
            #expect(fixture.watches("rollouts"))
            try world.api.delete(Self.path("second"))
            try await fixture.wait {
                fixture.runtime.targets.kept.kinds == [.deployment] && !fixture.watches("rollouts")
            }
            #expect(fixture.runtime.targets.kept.places.isEmpty)
            world.api.clearRequests()
            try await fixture.poll(Self.pollsOfAnHour)
            #expect(!world.api.requests.contains { $0.path.contains("rollouts") })
            #expect(fixture.watches("deployments"))
        }
    }

    @Test("an edit to a target of another kind ends the watch of the former kind, and an edit back starts it again")
    func edit() async throws {
        let world = try worldWithTargets()
        try await OperatorFixture.run(world) { fixture in
            try fixture.create(World.rolloutScaler())
            try await fixture.poll(2)
            try fixture.edit("web", ["targetRef": nil, "targetDeployment": "other"])
            try await fixture.wait { !fixture.watches("rollouts") && fixture.watches("deployments") }
            try fixture.edit("web", ["targetDeployment": nil, "targetRef": Self.rollout])
            try await fixture.wait { fixture.watches("rollouts") && !fixture.watches("deployments") }
            try await fixture.poll(2)
            #expect(try fixture.condition("AbleToScale")?["status"] == "True")
        }
    }

    @Test("a kind that may not be listed is asked for no more once its last scaler is gone")
    func refused() async throws {
        let world = try worldWithTargets()
        for verb in ["list", "get"] {
            world.api.addFault(
                .init(.refuse(.init(403, "Forbidden", "no rights", details: [:])), verbs: [verb], resource: "rollouts"))
        }
        try await OperatorFixture.run(world) { fixture in
            try fixture.create(World.rolloutScaler())
            try fixture.create(World.scaler("other"))
            try await fixture.poll(4)
            #expect(try fixture.condition("AbleToScale")?["reason"] == "TargetForbidden")
            try world.api.delete(Self.path("web"))
            try await fixture.wait { fixture.runtime.targets.kept.kinds == [.deployment] }
            try await fixture.poll()
            world.api.clearRequests()
            try await fixture.poll(Self.pollsOfAnHour)
            #expect(!world.api.requests.contains { $0.path.contains("rollouts") })
        }
    }

    private static func path(_ scaler: String) -> String {
        "/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/\(scaler)"
    }
}
