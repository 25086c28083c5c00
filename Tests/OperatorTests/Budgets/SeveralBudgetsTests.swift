import KubernetesClient
import ScalerAPI
import Scaling
import TestSupport
import Testing
import WireFormats

@testable import Operator

@Suite("Scalers under several budgets")
struct SeveralBudgetsTests {
    private static let seeds = Array(UInt64(1)...300)
    private static let now = Timestamp(microsecondsSince1970: 1_767_225_600_000_000)

    /// Random scalers, and budgets that select some of them by a label of the budget's name.
    private struct Sample {
        let budgets: [ScalingBudget]
        let members: [(key: ObjectKey, profile: ReplicaConsumption, use: BudgetAccount.Use)]

        init(seed: UInt64) throws {
            var random = SplitMix64(seed: seed)
            let names = ["a", "b", "c"]
            budgets = try names.map { name in
                let spec: JSON = [
                    "selector": ["matchExpressions": [["key": .string(name), "operator": "Exists"]]],
                    "limits": [["unit": "cpu", "amount": .integer(Int64(random.within(4...40)))]],
                    "reclaim": random.chance(percent: 40) ? "Immediate" : "Graceful",
                ]
                return try ScalingBudget(
                    ["metadata": ["name": .string(name), "uid": "1", "resourceVersion": "1"], "spec": spec],
                    zones: UniversalTimeOnly())
            }
            members = (1...random.within(2...6)).map { number in
                let labels = names.filter { _ in random.chance(percent: 70) }
                let minimum = random.within(0...2)
                return (
                    ObjectKey(namespace: "shop", name: "web-\(number)"),
                    ReplicaConsumption(
                        labels: Dictionary(uniqueKeysWithValues: labels.map { ($0, "") }), namespaceLabels: [:],
                        declared: ["cpu": BudgetAmount(millionths: Int128(random.within(1...30)) * 100_001)]),
                    BudgetAccount.Use(
                        held: random.within(0...9), minimum: minimum, demand: random.within(minimum...12),
                        mayBorrow: random.chance(percent: 80))
                )
            }
        }

        func ledger(_ budgets: [ScalingBudget]) throws -> BudgetLedger {
            var ledger = BudgetLedger()
            for budget in budgets { ledger.set(BudgetAccount(budget, spec: try budget.spec.get())) }
            for member in members {
                ledger.update(member.key, member.profile, use: nil)
                ledger.set(member.use, of: member.key)
            }
            return ledger
        }
    }

    @Test("the least cap of a member's budgets applies, and what it leaves is not redistributed", arguments: seeds)
    func leastCap(seed: UInt64) throws {
        let sample = try Sample(seed: seed)
        var together = try sample.ledger(sample.budgets)
        var alone = try sample.budgets.map { try sample.ledger([$0]) }
        for member in sample.members {
            let caps = alone.indices.compactMap { alone[$0].cap(of: member.key, at: Self.now) }
            let cap = together.cap(of: member.key, at: Self.now)
            #expect(cap?.replicas == caps.map(\.replicas).min())
            #expect(cap?.immediateReplicas == caps.compactMap(\.immediateReplicas).min())
        }
        // Each budget divides as if it were the only one.
        for (index, budget) in sample.budgets.enumerated() {
            let divided = together.divided(budget.name, at: Self.now)
            let single = alone[index].divided(budget.name, at: Self.now)
            #expect(divided?.divisions.map(\.caps) == single?.divisions.map(\.caps))
        }
    }
}
