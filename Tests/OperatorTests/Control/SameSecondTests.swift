import ClusterSimulator
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

/// Creation times are whole seconds, so that two scalers of one target may have the same.
@Suite("Two scalers that were created in the same second", .timeLimit(.minutes(5)))
struct SameSecondTests {
    private func environment() throws -> TestEnvironment {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 1)
        environment.source.answer { _ in 103 }
        return environment
    }

    private func expectHolder(_ holder: String, over other: String, _ why: String, _ fixture: OperatorFixture) throws {
        #expect(try fixture.condition("Ready", of: holder)?["status"] == "True")
        let ready = try fixture.condition("Ready", of: other)
        #expect(ready?["reason"] == "DuplicateTarget")
        #expect(
            ready?["message"]?.stringValue?.contains("GeneralScaler/\(holder), \(why)") == true, "\(ready ?? .null)")
    }

    @Test(
        "of scalers created in the same second, the one that already scales the target keeps it, also after a restart")
    func alreadyScales() async throws {
        let environment = try environment()
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler("zebra", target: "web"))
            try await fixture.poll()
            // A jump to the bounds, whose time is not stored.
            #expect(try fixture.replicas() == 2)
            try fixture.create(TestEnvironment.scaler("alpha", target: "web", ["minReplicas": 7]))
            let created = try ["zebra", "alpha"].map { name in
                try environment.api.get("/apis/autoscaling.example.com/v1/namespaces/shop/generalscalers/\(name)")[
                    "metadata"]?["creationTimestamp"]
            }
            #expect(created[0] == created[1])
            try await fixture.poll(5)
            #expect(try fixture.replicas() == 2)
            try expectHolder("zebra", over: "alpha", "created in the same second, already scales this target", fixture)
        }
        try await OperatorFixture.run(environment) { fixture in
            try await fixture.poll(5)
            #expect(try fixture.replicas() == 2)
            try expectHolder("zebra", over: "alpha", "created in the same second, already scales this target", fixture)
            // An edit that does not change the target does not release it.
            try fixture.edit("zebra", ["maxReplicas": 9])
            try await fixture.poll(4)
            #expect(try fixture.replicas() == 2)
            // A pause releases it.
            try fixture.edit("zebra", ["paused": true])
            try await fixture.poll(3)
            #expect(try fixture.replicas() == 7)
            try fixture.edit("zebra", ["paused": false])
            try await fixture.poll(4)
            try expectHolder("alpha", over: "zebra", "created in the same second, already scales this target", fixture)
        }
    }

    @Test("of scalers created in the same second that never scaled the target, the first by name scales it")
    func firstByName() async throws {
        let environment = try environment()
        for name in ["zebra", "alpha"] { try environment.api.create(TestEnvironment.scaler(name, target: "web")) }
        try await OperatorFixture.run(environment) { fixture in
            try await fixture.poll(5)
            #expect(try fixture.condition("Ready", of: "alpha")?["status"] == "True")
            #expect(try fixture.condition("Ready", of: "zebra")?["reason"] == "DuplicateTarget")
        }
    }
}
