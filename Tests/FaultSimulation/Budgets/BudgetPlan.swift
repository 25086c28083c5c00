import WireFormats

/// A ScalingBudget's spec: the form that the invariant checker uses, and the JSON for the API server.
struct BudgetPlan: Sendable, Equatable {
    /// A sum of the unit that one scaler has before others borrow it.
    struct Guarantee: Sendable, Equatable {
        let owner: String
        let amount: Int
    }

    let name: String
    /// The scalers that it selects, with what one replica of each consumes. Not edited.
    let consumption: [String: Int]
    var limit: Int
    var guarantee: Guarantee?
    var isImmediate: Bool

    /// The label of each scaler that has its name.
    static let label = "scaler"

    var members: [String] { consumption.keys.sorted() }

    static func random(_ name: String, of scalers: [String], _ random: RandomSource) -> BudgetPlan {
        let isOfReplicas = random.chance(percent: 50)
        let members = scalers.filter { _ in random.chance(percent: 85) }
        let consumption = (members.isEmpty ? scalers : members).map {
            ($0, isOfReplicas ? 1 : random.within(1...4))
        }
        var plan = BudgetPlan(
            name: name, consumption: Dictionary(uniqueKeysWithValues: consumption), limit: 0, guarantee: nil,
            isImmediate: random.chance(percent: 40))
        plan.change(random)
        return plan
    }

    /// Draws another limit and guarantee.
    mutating func change(_ random: RandomSource) {
        let most = consumption.values.max() ?? 1
        limit = most * random.within(2...16)
        guarantee =
            random.chance(percent: 60)
            ? Guarantee(owner: random.pick(members), amount: random.within(1...limit)) : nil
    }

    /// Draws a lower limit, and a guarantee within it.
    mutating func lower(_ random: RandomSource) {
        limit = max(1, limit * random.within(20...70) / 100)
        guarantee = Guarantee(owner: random.pick(members), amount: random.within(1...limit))
    }

    private func selector(_ scalers: [String]) -> JSON {
        [
            "matchExpressions": [
                ["key": .string(Self.label), "operator": "In", "values": .array(scalers.map { .string($0) })]
            ]
        ]
    }

    private var unit: String { consumption.values.allSatisfy { $0 == 1 } ? "replicas" : "example.com/unit" }

    /// The complete spec. Absent values are null, so that a merge patch removes them.
    var json: JSON {
        let sharing: JSON =
            guarantee.map { guarantee in
                [
                    [
                        "name": "owner", "selector": selector([guarantee.owner]),
                        "guarantee": [unit: .integer(Int64(guarantee.amount))],
                    ]
                ]
            } ?? .null
        let entries = members.map { member -> JSON in
            ["selector": selector([member]), "amounts": [unit: .integer(Int64(consumption[member] ?? 0))]]
        }
        return [
            "selector": selector(members),
            "limits": [["unit": .string(unit), "amount": .integer(Int64(limit))]],
            "consumption": unit == "replicas" ? .null : .array(entries), "sharing": sharing,
            "reclaim": isImmediate ? "Immediate" : "Graceful",
        ]
    }

    /// A summary on one line for the trace.
    var summary: String {
        "\(limit) of \(members.map { "\(consumption[$0] ?? 0) \($0)" }.joined(separator: " + "))"
            + (guarantee.map { ", \($0.amount) for \($0.owner)" } ?? "") + (isImmediate ? ", immediate" : "")
    }
}

/// One version of a budget on the API server.
struct BudgetVersion {
    let plan: BudgetPlan
    let since: Int64
    var until: Int64?

    func stood(in window: ClosedRange<Int64>) -> Bool {
        since <= window.upperBound && until ?? .max >= window.lowerBound
    }
}
