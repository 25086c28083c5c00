import WireFormats

/// A GeneralScaler's spec: the form that the invariant checker uses, and the JSON for the API server.
struct ScalerPlan: Sendable, Equatable {
    struct Rate: Sendable, Equatable {
        let count: Int
        let isPercent: Bool

        /// Returns the replicas that one scaling event may add or remove: "a number, or a percentage of current rounded
        /// up".
        func step(from current: Int) -> Int { isPercent ? (count * current + 99) / 100 : count }
    }

    enum Fallback: String, Sendable {
        case hold = "Hold"
        case `static` = "Static"
        case ifHigher = "StaticIfHigher"
        case ifLower = "StaticIfLower"
    }

    var target: String
    var least: Int
    var most: Int
    var interval: Int
    var isPaused = false
    var isDryRun = false
    /// The names of series, which are the metric types.
    var metrics: [Series]
    /// The replicas that the budget of the cost policy allows.
    var cap: Int?
    var cooldown: Int?
    var upCooldown: Int?
    var downCooldown: Int?
    var upRate: Rate?
    var downRate: Rate?
    var upStabilization: Int?
    var downStabilization: Int?
    var fallback: Fallback = .hold
    var fallbackReplicas = 0
    var schedule: Schedule?
    /// The bounds of the spec, if those of a schedule are in effect.
    var specBounds: ClosedRange<Int>?

    /// Each metric is computed from an input that reads the same series. Not drawn, so that every seed stays what it was.
    var usesFormulas: Bool { (ownBounds.lowerBound + ownBounds.upperBound + interval) % 3 == 0 }
    /// The bounds without the schedule.
    var ownBounds: ClosedRange<Int> { specBounds ?? least...most }

    var claimsTarget: Bool { !isPaused && !isDryRun }
    var effectiveDownCooldown: Int { downCooldown ?? cooldown ?? 300 }
    func upStep(from current: Int) -> Int { upRate?.step(from: current) ?? max(4, current) }
    func downStep(from current: Int) -> Int { downRate?.step(from: current) ?? (current + 1) / 2 }

    static func random(targets: [String], series: [Series], _ random: RandomSource) -> ScalerPlan {
        func maybe<Value>(_ percent: Int, _ choices: [Value]) -> Value? {
            random.chance(percent: percent) ? random.pick(choices) : nil
        }
        let least = random.pick([0, 0, 1, 1, 2, 3])
        let first = random.pick(series)
        let second = random.chance(percent: 30) ? series.filter { $0.name != first.name } : []
        var plan = ScalerPlan(
            target: random.pick(targets), least: least, most: max(least, 1) + random.below(10),
            interval: random.pick([5, 10, 10, 15]),
            metrics: [first] + (second.isEmpty ? [] : [random.pick(second)]))
        plan.isPaused = random.chance(percent: 8)
        plan.isDryRun = random.chance(percent: 8)
        plan.cap = maybe(12, [1, 2, 4, 6])
        plan.cooldown = maybe(30, [0, 20, 60, 120])
        plan.upCooldown = maybe(40, [0, 15, 40, 60])
        plan.downCooldown = maybe(60, [0, 20, 60, 120])
        plan.upRate = maybe(
            50,
            [
                Rate(count: 1, isPercent: false), Rate(count: 2, isPercent: false),
                Rate(count: 50, isPercent: true), Rate(count: 100, isPercent: true),
            ])
        plan.downRate = maybe(
            50,
            [
                Rate(count: 0, isPercent: false), Rate(count: 1, isPercent: false),
                Rate(count: 3, isPercent: false), Rate(count: 40, isPercent: true), Rate(count: 100, isPercent: true),
            ])
        plan.upStabilization = maybe(20, [15, 30, 60])
        plan.downStabilization = maybe(75, [0, 0, 30, 60])
        plan.fallback = random.pick([.hold, .hold, .static, .ifHigher, .ifLower])
        plan.fallbackReplicas = random.within(0...8)
        if random.chance(percent: 30) { plan.schedule = .random(random, within: plan.least...plan.most) }
        return plan
    }

    /// Makes the plan one of a budget's member: it mostly has its own target, and can give replicas back in time.
    mutating func shareBudgets(ownTarget: String, _ random: RandomSource) {
        if random.chance(percent: 90) { target = ownTarget }
        if downCooldown == nil { downCooldown = random.pick([0, 20, 60]) }
        schedule = nil
    }

    /// The complete spec. Absent values are null, so that a merge patch removes them.
    var json: JSON {
        func whole(_ number: Int?) -> JSON { number.map { .integer(Int64($0)) } ?? .null }
        func rate(_ rate: Rate?) -> JSON {
            rate.map { $0.isPercent ? .string("\($0.count)%") : .integer(Int64($0.count)) } ?? .null
        }
        let policy: JSON =
            cap.map {
                ["type": "cost", "config": ["costPerPodPerHour": 1, "maxCostPerHour": .integer(Int64($0))]]
            } ?? ["type": "slo", "config": ["costPerPodPerHour": nil, "maxCostPerHour": nil]]
        return [
            "targetDeployment": .string(target),
            "minReplicas": whole(least), "maxReplicas": whole(most), "pollingIntervalSeconds": whole(interval),
            "paused": .bool(isPaused), "mode": isDryRun ? "DryRun" : "Active",
            "metrics": .array(
                metrics.flatMap { series in
                    let source: [String: JSON] = ["type": "test", "config": ["series": .string(series.name)]]
                    let decided: [String: JSON] = [
                        "name": .string(series.name), "targetValue": .number(Series.target),
                        "targetType": series.isAverage ? "AverageValue" : "Value",
                    ]
                    guard usesFormulas else { return [JSON.object(source.merging(decided) { $1 })] }
                    let input = "\(series.name).read"
                    return [
                        .object(source.merging(["name": .string(input)]) { $1 }),
                        .object(decided.merging(["formula": .string("max(\(input), \(input))")]) { $1 }),
                    ]
                }),
            "policy": policy,
            "safety": [
                "cooldownSeconds": whole(cooldown), "scaleUpCooldownSeconds": whole(upCooldown),
                "scaleDownCooldownSeconds": whole(downCooldown), "maxScaleUpRate": rate(upRate),
                "maxScaleDownRate": rate(downRate), "scaleUpStabilizationSeconds": whole(upStabilization),
                "scaleDownStabilizationSeconds": whole(downStabilization),
            ],
            "fallback": ["behavior": .string(fallback.rawValue), "replicas": whole(fallbackReplicas)],
            "forecast": forecast?.json ?? .null,
            "schedules": fittingSchedule.map { JSON.array([$0.json.withoutNulls]) } ?? .null,
        ]
    }
}

extension JSON {
    /// The object without null members at any depth, for a new object.
    var withoutNulls: JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !$0.value.isNull }.mapValues(\.withoutNulls))
    }
}
