import ClusterSimulator
import KubernetesClient
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("Ownership of the target", .timeLimit(.minutes(5)))
struct OwnershipTests {
    private let autoscaler: JSON = [
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": ["name": "web-hpa", "namespace": .string(OperatorFixture.namespace)],
        "spec": [
            "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "web"], "minReplicas": 1,
            "maxReplicas": 5,
            "metrics": [
                [
                    "type": "Resource",
                    "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]],
                ]
            ],
        ],
    ]

    private func environment() throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 200 }
        return environment
    }

    @Test("a HorizontalPodAutoscaler on the target holds the scaler before its first patch until it is deleted")
    func autoscalerOnTarget() async throws {
        let environment = try environment()
        try environment.api.create(autoscaler)
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["maxReplicas": 4]))
            try await fixture.poll(3)
            #expect(fixture.scalePatches.isEmpty)
            let condition = try fixture.condition("ReplicasConflict")
            #expect(condition?["status"] == "True")
            #expect(
                condition?["message"]?.stringValue?.contains("HorizontalPodAutoscaler/web-hpa also scales this target")
                    == true)
            #expect(try fixture.condition("Ready")?["reason"] == "ReplicasConflict")
            #expect(try await fixture.event("ReplicasConflict")["type"] == "Warning")
            try environment.api.delete("/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web-hpa")
            try await fixture.poll(4)
            #expect(try fixture.replicas() == 4)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
        }
    }

    @Test("a dry run beside an active HorizontalPodAutoscaler causes no conflict")
    func dryRun() async throws {
        let environment = try environment()
        try environment.api.create(autoscaler)
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["mode": "DryRun"]))
            try await fixture.poll(3)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
            #expect(try fixture.status()["desiredReplicas"] == 4)
        }
    }

    @Test("an autoscaler of another target causes no conflict")
    func otherTarget() async throws {
        let environment = try environment()
        try environment.deploy("api", replicas: 2)
        try environment.api.create(autoscaler)
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("api", ["maxReplicas": 4]))
            try await fixture.poll()
            #expect(try fixture.replicas(of: "api") == 4)
        }
    }

    @Test("a scaler patches nothing if it cannot list other autoscalers")
    func unknown() async throws {
        let environment = try environment()
        environment.api.addFault(
            .init(
                .refuse(.init(403, "Forbidden", "no rights", details: [:])), verbs: ["list"],
                resource: "horizontalpodautoscalers"))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["maxReplicas": 4]))
            try await fixture.poll(2)
            #expect(fixture.scalePatches.isEmpty)
            let message = try fixture.condition("Ready")?["message"]?.stringValue
            #expect(message?.contains("failed to check whether") == true)
            environment.api.removeFaults()
            try await fixture.poll(1)
            #expect(try fixture.replicas() == 4)
        }
    }

    @Test("three reverted changes hold the scaler for ten minutes, and an edit of the spec ends the hold")
    func reversals() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["maxReplicas": 4]))
            var changes = 0
            while try fixture.condition("ReplicasConflict")?["status"] != "True", changes < 10 {
                try await fixture.poll()
                guard try fixture.replicas() != 2 else { continue }
                changes += 1
                try environment.api.patch("/apis/apps/v1/namespaces/shop/deployments/web", ["spec": ["replicas": 2]])
                environment.api.completeWorkloads()
            }
            #expect(changes == 3)
            #expect(fixture.scalePatches.count == 3)
            let message = try fixture.condition("ReplicasConflict")?["message"]?.stringValue
            #expect(message?.contains("3 consecutive changes were reverted by another client") == true)
            let held = fixture.seconds
            while fixture.scalePatches.count == 3 { try await fixture.poll() }
            #expect((600...615).contains(fixture.seconds - held))
            try environment.api.patch("/apis/apps/v1/namespaces/shop/deployments/web", ["spec": ["replicas": 2]])
            try await fixture.poll(2)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "True")
            try fixture.edit("web", ["maxReplicas": 9])
            try await fixture.poll(2)
            #expect(fixture.scalePatches.count >= 5)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
        }
    }

    @Test("the ConfigMap that pauses the operator stops all patches at the next poll, and patches resume when it ends")
    func operatorPause() async throws {
        let environment = try environment()
        let path = "/api/v1/namespaces/shop/configmaps/switch"
        try environment.api.create([
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "switch", "namespace": "shop"],
            "data": ["paused": "true"],
        ])
        try await OperatorFixture.run(environment, pause: ObjectKey(namespace: "shop", name: "switch")) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["maxReplicas": 4]))
            try await fixture.poll(3)
            #expect(fixture.scalePatches.isEmpty)
            #expect(try fixture.condition("ScalingActive")?["reason"] == "Paused")
            #expect(try fixture.status()["reason"]?.stringValue?.contains("the whole operator is paused") == true)
            try environment.api.patch(path, ["data": ["paused": "false"]])
            try await fixture.poll(2)
            #expect(try fixture.replicas() == 4)
        }
    }

    @Test("replicas that are not ready after ten minutes are reported, and so is their recovery")
    func replicasReady() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            environment.api.freezeWorkloads()
            try fixture.create(TestEnvironment.scaler("web", ["maxReplicas": 4]))
            try await fixture.poll(30)
            #expect(try fixture.condition("ReplicasReady")?["status"] == "True")
            try await fixture.poll(12)
            let condition = try fixture.condition("ReplicasReady")
            #expect(condition?["status"] == "False")
            #expect(condition?["message"]?.stringValue?.contains("2 of 4 replicas") == true)
            environment.api.thawWorkloads()
            environment.api.completeWorkloads()
            try await fixture.poll(2)
            #expect(try fixture.condition("ReplicasReady")?["status"] == "True")
        }
    }
}
