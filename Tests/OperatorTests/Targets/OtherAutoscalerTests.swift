import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("Autoscalers of other kinds on the target", .timeLimit(.minutes(5)))
struct OtherAutoscalerTests {
    private static let autoscalers = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
    private static let scaledObjects = "/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects"

    /// Returns an environment with a target at its target value, so that nothing changes.
    private func environment() throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 2)
        environment.source.answer { _ in 97.3 }
        return environment
    }

    private func autoscaler(_ name: String = "web-hpa", of target: JSON = "web") -> JSON {
        [
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": ["name": .string(name), "namespace": "shop"],
            "spec": [
                "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": target], "maxReplicas": 5,
                "metrics": [
                    [
                        "type": "Resource",
                        "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]],
                    ]
                ],
            ],
        ]
    }

    private func defineScaledObjects(_ environment: TestEnvironment) throws {
        let open: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
        try environment.define(
            "ScaledObject", plural: "scaledobjects", group: "keda.sh", version: "v1alpha1", subresources: [:],
            properties: ["spec": open, "status": open])
    }

    private func scaledObject(_ reference: JSON) -> JSON {
        [
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
            "metadata": ["name": "web-so", "namespace": "shop"], "spec": ["scaleTargetRef": reference],
        ]
    }

    @Test("a new autoscaler of the target is reported at the next poll, and its removal at the poll after that")
    func noticed() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(3)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
            try environment.api.create(autoscaler())
            try await fixture.poll()
            let condition = try fixture.condition("ReplicasConflict")
            #expect(condition?["status"] == "True")
            #expect(condition?["message"]?.stringValue?.contains("HorizontalPodAutoscaler/web-hpa") == true)
            try environment.api.patch(
                "\(Self.autoscalers)/web-hpa", ["spec": ["scaleTargetRef": ["name": "elsewhere"]]])
            try await fixture.poll()
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
            try environment.api.patch("\(Self.autoscalers)/web-hpa", ["spec": ["scaleTargetRef": ["name": "web"]]])
            try await fixture.poll()
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "True")
            try environment.api.delete("\(Self.autoscalers)/web-hpa")
            try await fixture.poll()
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
        }
    }

    @Test("checks for other autoscalers cause no request, for any number of polled scalers")
    func requests() async throws {
        let environment = try environment()
        for index in 0..<7 { try environment.deploy("app-\(index)", replicas: 2) }
        try environment.api.create(autoscaler("one", of: "app-3"))
        try await OperatorFixture.run(environment) { fixture in
            for index in 0..<7 { try fixture.create(TestEnvironment.scaler("app-\(index)")) }
            try await fixture.poll(21)
            let lists = environment.api.requests.filter {
                $0.info?.resource == "horizontalpodautoscalers" && $0.info?.verb == "list"
            }
            #expect(lists.count == 1)
            environment.api.clearRequests()
            try await fixture.poll(70)
            let later = environment.api.requests.filter { $0.info?.resource == "horizontalpodautoscalers" }
            // A watch ends after some minutes, and is restarted.
            #expect(later.allSatisfy { $0.info?.verb == "watch" })
            #expect(later.count <= 3)
            #expect(try fixture.condition("ReplicasConflict", of: "app-3")?["status"] == "True")
            #expect(try fixture.condition("ReplicasConflict", of: "app-4")?["status"] == "False")
        }
    }

    @Test(
        "empty fields of a target reference have the same meaning as absent ones",
        arguments: [
            ["name": "web"],
            ["name": "web", "apiVersion": "", "kind": ""],
            ["name": "web", "apiVersion": nil, "kind": "Deployment"],
            ["name": "web", "apiVersion": "apps/v1beta2", "kind": ""],
        ] as [JSON])
    func defaults(reference: JSON) async throws {
        let environment = try environment()
        try defineScaledObjects(environment)
        try environment.api.create(scaledObject(reference))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(2)
            let message = try fixture.condition("ReplicasConflict")?["message"]?.stringValue
            #expect(message?.contains("ScaledObject/web-so also scales this target") == true, "\(message ?? "")")
        }
    }

    @Test(
        "a reference to another object causes no conflict",
        arguments: [
            ["name": ""], [:], ["name": "web", "kind": "StatefulSet"],
            ["name": "web", "apiVersion": "argoproj.io/v1alpha1", "kind": "Deployment"], ["name": "web-2"],
        ] as [JSON])
    func others(reference: JSON) async throws {
        let environment = try environment()
        try defineScaledObjects(environment)
        try environment.api.create(scaledObject(reference))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(2)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
        }
    }

    @Test("a ScaledObject is reported instead of the HorizontalPodAutoscaler that KEDA created for it")
    func scaledObjectFirst() async throws {
        let environment = try environment()
        try defineScaledObjects(environment)
        try environment.api.create(scaledObject(["name": "web"]))
        try environment.api.create(autoscaler("keda-hpa-web-so"))
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(2)
            #expect(try fixture.status()["reason"]?.stringValue?.contains("ScaledObject/web-so") == true)
            try environment.api.delete("\(Self.scaledObjects)/web-so")
            try await fixture.poll()
            #expect(
                try fixture.status()["reason"]?.stringValue?.contains("HorizontalPodAutoscaler/keda-hpa-web-so") == true
            )
        }
    }

    @Test("a ScaledObject that KEDA has paused causes no conflict, until it is resumed or sets a number of replicas")
    func pausedScaledObject() async throws {
        let environment = try environment()
        try defineScaledObjects(environment)
        try environment.api.create(scaledObject(["name": "web"]))
        func annotate(_ annotations: JSON, isPaused: String) throws {
            let paused: JSON = ["type": "Paused", "status": .string(isPaused)]
            try environment.api.patch(
                "\(Self.scaledObjects)/web-so",
                [
                    "metadata": ["annotations": annotations],
                    "status": ["conditions": [["type": "Ready", "status": "True"], paused]],
                ])
        }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(2)
            func hasConflict() throws -> Bool { try fixture.condition("ReplicasConflict")?["status"] == "True" }
            #expect(try hasConflict())
            // KEDA has not seen the annotation yet.
            try annotate(["autoscaling.keda.sh/paused": "true"], isPaused: "False")
            try await fixture.poll()
            #expect(try hasConflict())
            try annotate(["autoscaling.keda.sh/paused": "true"], isPaused: "True")
            try await fixture.poll()
            #expect(try !hasConflict())
            try annotate(["autoscaling.keda.sh/paused-replicas": "4"], isPaused: "True")
            try await fixture.poll()
            #expect(try hasConflict())
            try annotate(["autoscaling.keda.sh/paused-replicas": nil], isPaused: "True")
            try await fixture.poll()
            #expect(try !hasConflict())
            try annotate(["autoscaling.keda.sh/paused": nil], isPaused: "True")
            try await fixture.poll()
            #expect(try hasConflict())
        }
    }

    @Test("a ScaledObject definition that is created later is detected, and its deletion ends the hold")
    func definitionComesAndGoes() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll(3)
            try defineScaledObjects(environment)
            try environment.api.create(scaledObject(["name": "web"]))
            let start = fixture.seconds
            while try fixture.condition("ReplicasConflict")?["status"] != "True" { try await fixture.poll() }
            #expect(fixture.seconds - start <= 60)
            try environment.api.delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/scaledobjects.keda.sh")
            try await fixture.poll(4)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
            environment.api.clearRequests()
            try await fixture.poll(40)
            #expect(!environment.api.requests.contains { $0.path.contains("scaledobjects") })
        }
    }

    @Test("another autoscaler causes no conflict for a paused scaler or a dry run")
    func noClaim() async throws {
        let environment = try environment()
        try environment.api.create(autoscaler())
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("web", ["paused": true]))
            try await fixture.poll(2)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
            try fixture.edit("web", ["paused": false])
            try await fixture.poll(2)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "True")
            try fixture.edit("web", ["mode": "DryRun"])
            try await fixture.poll(2)
            #expect(try fixture.condition("ReplicasConflict")?["status"] == "False")
        }
    }
}
