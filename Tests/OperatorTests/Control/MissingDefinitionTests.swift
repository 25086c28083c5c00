import ClusterSimulator
import Logging
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("A cluster without the CustomResourceDefinition", .timeLimit(.minutes(2)))
struct MissingDefinitionTests {
    private static let path =
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/generalscalers.autoscaling.example.com"

    @Test("an operator without its CustomResourceDefinition is not ready, holds every target, and recovers with it")
    func deletedAndInstalledAgain() async throws {
        let environment = try TestEnvironment()
        try environment.deploy(replicas: 3)
        environment.source.answer { _ in 100 }
        try await OperatorFixture.run(environment) { fixture in
            try fixture.create(TestEnvironment.scaler())
            try await fixture.poll()
            #expect(fixture.runtime.awaits() == nil)
            #expect(await fixture.runtime.page().text(.prometheus).contains("\ngeneralscaler_crd_missing 0\n"))

            try environment.api.delete(Self.path)
            try await environment.pass([], limit: .seconds(1_000_000)) { fixture.runtime.awaits() != nil }
            let missing = try #require(fixture.runtime.awaits())
            #expect(missing.contains("no resource generalscalers: install the CustomResourceDefinition"))
            #expect(await fixture.runtime.page().text(.prometheus).contains("\ngeneralscaler_crd_missing 1\n"))
            let record = await fixture.log.wait(message: "list failed: the API server has no such resource")
            #expect(record.level == .error)
            #expect(record.metadata["resource"] == "generalscalers")
            #expect(record.metadata["fix"]?.contains("kubectl apply -f deploy/crd.yaml") == true)
            #expect(try fixture.replicas() == 3)

            try environment.api.create(TestEnvironment.definition)
            try await environment.pass([], limit: .seconds(1_000_000)) { fixture.runtime.awaits() == nil }
            #expect(await fixture.runtime.page().text(.prometheus).contains("\ngeneralscaler_crd_missing 0\n"))
            try fixture.create(TestEnvironment.scaler("web", ["minReplicas": 5]))
            try await fixture.poll()
            #expect(try fixture.replicas() == 5)
        }
    }
}
