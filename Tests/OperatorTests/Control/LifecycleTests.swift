import ClusterSimulator
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Events around decisions: restarts, conflicts, other autoscalers, edits, and the resulting writes.
@Suite("The lifecycle of a scaler", .timeLimit(.minutes(5)))
struct LifecycleTests {
    @Test("the cooldown survives a restart of the operator")
    func restart() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 1_000 }
        let safety: JSON = ["cooldownSeconds": 300, "maxScaleUpRate": 1]
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["safety": safety]))
            try await fixture.poll(3)
            #expect(try fixture.replicas() == 3)
        }
        try await OperatorFixture.run(environment) { fixture in
            let start = fixture.seconds
            while try fixture.replicas() == 3 { try await fixture.poll() }
            #expect(fixture.seconds == 300)
            #expect(start < 60)
            #expect(try fixture.status()["lastScaleUpTime"]?.stringValue?.hasPrefix("2026-01-01T00:05:00") == true)
        }
    }

    @Test("an operator that dies after a scale patch recovers the scale operation at its next start")
    func pendingScale() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 1_000 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(
                TestEnvironment.scaler("web", ["safety": ["cooldownSeconds": 300, "maxScaleUpRate": 1]]))
            // The first status write announces the change; the one after it is lost, as in a crash.
            environment.api.addFault(
                FaultRule(FaultRule.internalError, verbs: ["patch"], resource: "deployments", subresource: "scale"))
            try await fixture.poll()
            #expect(try fixture.replicas() == 2)
            #expect(try fixture.status()["pendingScale"]?["to"] == 3)
            environment.api.removeFaults()
        }
        // As if the patch had been applied.
        try environment.api.patch("/apis/apps/v1/namespaces/shop/deployments/web", ["spec": ["replicas": 3]])
        try await OperatorFixture.run(environment) { fixture in
            try await fixture.poll()
            #expect(try fixture.replicas() == 3)
            let status = try fixture.status()
            #expect(status["pendingScale"] == nil)
            #expect(status["lastOutsideChangeTime"] == nil)
            #expect(status["lastScaleUpTime"]?.stringValue?.hasPrefix("2026-01-01T00:00:00") == true)
            #expect(status["limitedBy"]?.arrayValue?.contains("Cooldown") == true)
        }
    }

    @Test("after a write conflicts with a newer version of the target, the operator decides again on that version")
    func conflict() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 200 }
        environment.api.addFault(
            FaultRule(
                .refuse(StatusError(409, "Conflict", "the object has been modified", details: [:])),
                verbs: ["patch"], resource: "deployments", subresource: "scale", times: 1))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll()
            #expect(try fixture.replicas() == 4)
            #expect(fixture.scalePatches.count == 1)
            let body = try JSON(parsing: try #require(fixture.scalePatches.first).body)
            #expect(body["metadata"]?["resourceVersion"]?.stringValue?.isEmpty == false)
        }
    }

    @Test("a change by another client starts the scale-down cooldown and is not reverted at the next poll")
    func outsideChange() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 1 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(
                TestEnvironment.scaler("web", ["safety": ["cooldownSeconds": 120, "scaleDownStabilizationSeconds": 0]]))
            try await fixture.poll()
            try environment.api.patch("/apis/apps/v1/namespaces/shop/deployments/web", ["spec": ["replicas": 8]])
            environment.api.completeWorkloads()
            try await fixture.poll()
            let changed = fixture.seconds
            while try fixture.replicas() == 8 { try await fixture.poll() }
            #expect(fixture.seconds - changed == 120)
        }
    }

    @Test("of two scalers with one target the older scales it, and the other takes over when it is deleted")
    func duplicateTarget() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 200 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("older", target: "web"))
            try await fixture.poll()
            environment.clock.advance(by: .seconds(2))
            let target: JSON = ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"]
            try fixture.create(
                TestEnvironment.scaler("younger", ["targetDeployment": .null, "targetRef": target, "maxReplicas": 3]))
            try await fixture.poll(3)
            #expect(try fixture.replicas() ?? 0 > 3)
            #expect(try fixture.condition("Ready", of: "younger")?["reason"] == "DuplicateTarget")
            #expect(try await fixture.event("DuplicateTarget")["regarding"]?["name"] == "younger")
            try environment.api.delete("/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/older")
            await fixture.log.wait { $0.message == "scaled" && $0.metadata["scaler"] == "younger" }
            #expect(try fixture.replicas() == 3)
        }
    }

    @Test("a dry run beside another scaler decides and reports, but patches nothing")
    func dryRun() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 200 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["mode": "DryRun"]))
            try await fixture.poll(3)
            #expect(fixture.scalePatches.isEmpty)
            #expect(try fixture.status()["desiredReplicas"] == 4)
            #expect(try fixture.condition("Ready")?["status"] == "True")
            #expect(fixture.audit.all.count == 1)
            #expect(fixture.audit.all.first?["decision"]?["limitedBy"] == ["DryRun"])
        }
    }

    @Test("a paused scaler does not change the replicas, and continues at the edit that ends the pause")
    func paused() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 200 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["paused": true]))
            try await fixture.poll(2)
            #expect(try fixture.replicas() == 2)
            #expect(try fixture.condition("ScalingActive")?["reason"] == "Paused")
            let polls = fixture.log.records.count { $0.message == "poll finished" }
            try fixture.edit("web", ["paused": false])
            await fixture.polls(polls + 1)
            #expect(try fixture.replicas() == 4)
        }
    }

    @Test("scalers with the same query share one call per poll, at the shortest of their intervals")
    func sharedReadings() async throws {
        let environment = try TestEnvironment()
        environment.source.answer { _ in 100 }
        for name in ["a", "b", "c"] { try environment.deploy(name, replicas: 2) }
        try await OperatorFixture.run(environment) { fixture in
            for name in ["a", "b", "c"] {
                try fixture.create(TestEnvironment.scaler(name, ["pollingIntervalSeconds": name == "a" ? 15 : 30]))
            }
            try await fixture.poll(3)
            let start = (reads: environment.source.reads, seconds: fixture.seconds)
            while fixture.seconds < start.seconds + 600 { try await fixture.poll() }
            #expect((39...41).contains(environment.source.reads - start.reads))
        }
    }

    @Test("a poll without a new decision writes nothing")
    func quiet() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        let value = Mutex(100.0)
        environment.source.answer { _ in
            value.withLock { value in
                value = value == 100 ? 95 : 100
                return value
            }
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(3)
            let writes = fixture.writes.count
            try await fixture.poll(100)
            #expect(fixture.writes.count == writes)
        }
    }

    @Test("a deleted scaler leaves its target unchanged, and its name can be used again")
    func deleted() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 200 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll()
            try environment.api.delete("/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/web")
            try fixture.create(TestEnvironment.scaler("web", ["maxReplicas": 3]))
            try await fixture.poll()
            #expect(try fixture.replicas() == 3)
            #expect(try fixture.status()["observedGeneration"] == 1)
        }
    }

    @Test("a scaler that waits for a missing target leaves no entry behind after an edit or its deletion")
    func waiting() async throws {
        let environment = try TestEnvironment()
        environment.source.answer { _ in 200 }
        try environment.deploy("other", replicas: 2)
        try await OperatorFixture.run(environment) { fixture in
            func places() async -> [String] {
                await fixture.runtime.controller.waiting.keys.map(\.target.name)
            }
            try fixture.create(TestEnvironment.scaler())
            try fixture.create(TestEnvironment.scaler("other"))
            try await fixture.poll(2)
            #expect(await places() == ["web"])
            try fixture.edit("web", ["targetDeployment": "shop"])
            try await fixture.poll(2)
            #expect(await places() == ["shop"])
            try environment.api.delete("/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/web")
            try await fixture.poll(2)
            #expect(await places().isEmpty)
        }
    }

    @Test("the metrics of a deleted scaler are removed from the metrics page")
    func deletedSeries() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 200 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll()
            #expect(await fixture.runtime.controller.snapshot().scalers.map(\.identity.name) == ["web"])
            try environment.api.delete("/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/web")
            while await !fixture.runtime.controller.snapshot().scalers.isEmpty {
                try Task.checkCancellation()
                await Task.yield()
            }
        }
    }
}
