import Scaling
import Testing
import WireFormats

@testable import ScalerAPI

@Suite("The consumption in a GeneralScaler")
struct DeclaredConsumptionTests {
    private func parse(_ members: [String: JSON]) -> Result<GeneralScalerSpec, InvalidSpec> {
        let base: [String: JSON] = [
            "targetDeployment": "web", "maxReplicas": 5, "metrics": [["type": "queue", "targetValue": 10]],
        ]
        return GeneralScalerSpec.parse(.object(base.merging(members) { $1 }), unknownFields: .refused)
    }

    @Test("any unit may be declared, the cost of an slo scaler included")
    func slo() throws {
        #expect(try parse([:]).get().declaredConsumption.isEmpty)
        let spec = try parse(["consumption": ["cost": 0.3, "nvidia.com/gpu": 2, "licenses": 0]]).get()
        #expect(
            spec.declaredConsumption.mapValues(\.millionths) == [
                "cost": 300_000, "nvidia.com/gpu": 2_000_000, "licenses": 0,
            ])
    }

    @Test("the cost of a scaler with the cost policy is its costPerPodPerHour")
    func cost() throws {
        let policy: JSON = ["type": "cost", "config": ["costPerPodPerHour": 0.1, "maxCostPerHour": 7]]
        let spec = try parse(["policy": policy, "consumption": ["licenses": 3]]).get()
        #expect(spec.declaredConsumption.mapValues(\.millionths) == ["cost": 100_000, "licenses": 3_000_000])
        guard case .failure(let invalid) = parse(["policy": policy, "consumption": ["cost": 0.1]]) else {
            Issue.record("accepts two costs")
            return
        }
        #expect(invalid.problems.map(\.path) == ["spec.consumption.cost"])
    }

    @Test(
        "an error names its field",
        arguments: [
            (["cost": -0.5], "spec.consumption.cost"), (["cost": "1"], "spec.consumption.cost"),
            (["replicas": 1], "spec.consumption.replicas"), ([1], "spec.consumption"),
            (["memory": 5e12], "spec.consumption.memory"), (["cpu": 0.0000001], "spec.consumption.cpu"),
            (.object(Dictionary(uniqueKeysWithValues: (0..<17).map { ("u\($0)", 1) })), "spec.consumption"),
        ] as [(JSON, String)])
    func errors(consumption: JSON, path: String) {
        guard case .failure(let invalid) = parse(["consumption": consumption]) else {
            Issue.record("accepted \(consumption)")
            return
        }
        #expect(invalid.problems.map(\.path) == [path], "\(invalid)")
    }
}
