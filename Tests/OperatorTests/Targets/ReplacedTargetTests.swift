import ClusterSimulator
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// A target that is deleted and recreated with the same name is another object.
@Suite("A target that is replaced", .timeLimit(.minutes(5)))
struct ReplacedTargetTests {
    private let load = Load()

    private final class Load: Sendable {
        private let value = Mutex(203.7)

        var current: Double { value.withLock(\.self) }

        func set(_ load: Double) { value.withLock { $0 = load } }
    }

    private func environment() throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { [load] _ in load.current }
        return environment
    }

    private func replace(_ environment: TestEnvironment, replicas: Int) throws {
        try environment.api.delete("/apis/apps/v1/namespaces/shop/deployments/web")
        try environment.deploy(replicas: replicas)
    }

    private func uid(_ environment: TestEnvironment) throws -> JSON? {
        try environment.api.get("/apis/apps/v1/namespaces/shop/deployments/web")["metadata"]?["uid"]
    }

    @Test("a target recreated at 0 replicas is started by its metric, and does not count as switched off")
    func comesBackAtZero() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["minReplicas": 0]))
            try await fixture.poll(2)
            #expect(try fixture.replicas() == 5)
            #expect(try fixture.status()["targetUID"] == uid(environment))
            try replace(environment, replicas: 0)
            try await fixture.poll(2)
            #expect(try fixture.status()["limitedBy"]?.arrayValue?.contains("SwitchedOff") != true)
            #expect(try fixture.replicas() ?? 0 > 0)
            #expect(try fixture.status()["targetUID"] == uid(environment))
        }
    }

    @Test(
        "a target recreated while no operator runs is detected, and still counts as a new object after another restart")
    func comesBackBetweenOperators() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["minReplicas": 0]))
            try await fixture.poll(2)
            #expect(try fixture.status()["lastScaleUpTime"] != nil)
            #expect(try fixture.status()["seenAboveZero"] == true)
        }
        try replace(environment, replicas: 0)
        load.set(0)
        try await OperatorFixture.run(environment) { fixture in
            try await fixture.poll(3)
            #expect(try fixture.replicas() == 0)
            #expect(try fixture.status()["seenAboveZero"] == nil)
            #expect(try fixture.status()["limitedBy"]?.arrayValue?.contains("SwitchedOff") != true)
        }
        load.set(0.003)
        try await OperatorFixture.run(environment) { fixture in
            try await fixture.poll(2)
            #expect(try fixture.replicas() == 1)
        }
    }

    @Test("a target that the scaler had set to 0, recreated at 0, starts without history")
    func fromOurZero() async throws {
        let environment = try environment()
        load.set(0)
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["minReplicas": 0, "safety": ["cooldownSeconds": 17]]))
            while try fixture.replicas() != 0 { try await fixture.poll() }
            #expect(try fixture.status()["scaledToZero"] == true)
            try replace(environment, replicas: 0)
            try await fixture.poll(2)
            #expect(try fixture.status()["scaledToZero"] == nil)
            load.set(99.9)
            try await fixture.poll(2)
            #expect(try fixture.replicas() == 1)
        }
    }

    @Test("a target that was not recreated and that a user sets to 0 is switched off, also after a restart")
    func sameObject() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["minReplicas": 0]))
            try await fixture.poll(2)
            try environment.api.patch("/apis/apps/v1/namespaces/shop/deployments/web", ["spec": ["replicas": 0]])
            try await fixture.poll(2)
            #expect(try fixture.status()["limitedBy"] == ["SwitchedOff"])
            // Of a paused scaler, the status no longer contains the reason.
            try fixture.edit("web", ["paused": true])
            try await fixture.poll(2)
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.edit("web", ["paused": false])
            try await fixture.poll(3)
            #expect(try fixture.replicas() == 0)
            #expect(try fixture.status()["limitedBy"] == ["SwitchedOff"])
        }
    }

    @Test("a change reverted on the previous object does not count for the new one")
    func reversals() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["maxReplicas": 5]))
            for _ in 0..<4 {
                while try fixture.replicas() == 2 { try await fixture.poll() }
                try replace(environment, replicas: 2)
            }
            try await fixture.poll(3)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
            #expect(fixture.scalePatches.count >= 5)
        }
    }

    @Test("a change with an unknown outcome on the previous object is not attributed to the new one")
    func pendingScale() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(
                TestEnvironment.scaler("web", ["safety": ["scaleUpCooldownSeconds": 301, "maxScaleUpRate": 1]]))
            environment.api.addFault(
                FaultRule(FaultRule.internalError, verbs: ["patch"], resource: "deployments", subresource: "scale"))
            try await fixture.poll()
            #expect(try fixture.status()["pendingScale"]?["to"] == 3)
            environment.api.removeFaults()
            // With exactly the requested number of replicas.
            try replace(environment, replicas: 3)
            try await fixture.poll()
            #expect(try fixture.replicas() == 4)
            #expect(try fixture.status()["lastOutsideChangeTime"] != nil)
        }
    }
}
