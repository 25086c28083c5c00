import Foundation
import ScalerAPI
import Scaling
import Testing
import WireFormats

@Suite("docs/how-to/add-a-policy.md")
struct AddAPolicyTests {
    private static let tests = URL(filePath: #filePath).deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: tests.appending(path: path), encoding: .utf8)
    }

    private static let registry = PolicyRegistry(PolicyRegistry.standard.policies + [StepsPolicy.self])

    private static func spec(_ steps: JSON) -> JSON {
        [
            "targetDeployment": "app", "maxReplicas": 20, "metrics": [["type": "prometheus", "targetValue": 100]],
            "policy": ["type": "steps", "config": ["steps": steps]],
        ]
    }

    @Test("the how-to page shows the policy that these tests add")
    func isShown() throws {
        // The page's file is in the ScalerAPI module and need not import it.
        let policy = try Self.text("StepsPolicy.swift").replacing("package import ScalerAPI\n", with: "")
        #expect(try Self.text("../../docs/how-to/add-a-policy.md").contains("```swift\n\(policy)```"))
    }

    @Test(
        "a resource can select the added policy, and gets the replicas of its steps",
        arguments: [(0.0, 1), (50, 1), (101, 4), (900, 9)])
    func decides(value: Double, replicas: Int) throws {
        let steps: JSON = [["above": 500, "replicas": 9], ["above": 100, "replicas": 4]]
        let spec = try GeneralScalerSpec.parse(Self.spec(steps), policies: Self.registry).get()
        let now = Timestamp(microsecondsSince1970: 0)
        let recommendation = spec.policy.recommend(
            PolicyInput(
                now: now, current: 2, ready: 2,
                metrics: [MetricSpec(name: "prometheus", target: 100, targetType: .value)],
                observations: [.value(value, observedAt: now)], scaleUpStep: 4
            ))
        #expect(recommendation.replicas == replicas)
    }

    @Test("an invalid policy config is reported with the field's path")
    func problems() {
        guard
            case .failure(let invalid) = GeneralScalerSpec.parse(
                Self.spec([["above": 1]]), policies: Self.registry)
        else {
            Issue.record("accepted")
            return
        }
        #expect(invalid.description == "spec.policy.config.steps[0].replicas: is required")
    }

    @Test("the resource's schema names the policies of the registry")
    func schema() throws {
        let crd = try Self.text("../../deploy/crd.yaml")
        let types = PolicyRegistry.standard.policies.map { $0.type }
        #expect(crd.contains("enum: [\(types.joined(separator: ", "))]"))
        for field in PolicyRegistry.standard.policies.flatMap({ $0.fields }) {
            #expect(crd.contains("\n                        \(field):\n"), "\(field)")
        }
    }
}
