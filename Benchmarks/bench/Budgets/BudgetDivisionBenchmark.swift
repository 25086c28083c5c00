import Scaling
import TestSupport

/// The time in which one budget is divided among all its members.
struct BudgetDivisionBenchmark: Benchmark {
    let size: Int
    var name: String { "budget-division-\(size)" }

    private static let runs = 51
    private static let groups = 20
    private static let goalSize = 10_000
    private static let goalMilliseconds = 10.0

    func run() async throws -> [Measurement] {
        let division = Self.division(size)
        var times: [Double] = []
        var given = 0
        for _ in 0..<Self.runs {
            let start = ContinuousClock.now
            given = division.caps().reduce(0, +)
            times.append((ContinuousClock.now - start) / .milliseconds(1))
        }
        guard given > 0 else { throw BenchError("\(name): the budget gives nothing") }
        return [
            Measurement(
                name: "\(name)/time", value: times.percentile(0.5), unit: "ms",
                goal: size >= Self.goalSize ? .atMost(Self.goalMilliseconds) : nil),
            Measurement(name: "\(name)/time-p99", value: times.percentile(0.99), unit: "ms"),
        ]
    }

    /// Members of three priorities and several weights, four fifths of them with a guarantee, that ask for twice the limit.
    private static func division(_ size: Int) -> BudgetDivision {
        var random = SplitMix64(seed: 22)
        var members: [BudgetMember] = []
        var asked = BudgetAmount.zero
        for index in 0..<size {
            let consumption = BudgetAmount(millionths: Int128(Int64.random(in: 250_000...4_000_000, using: &random)))
            let demand = Int.random(in: 0...40, using: &random)
            members.append(
                BudgetMember(
                    consumption: consumption, held: Int.random(in: 0...20, using: &random),
                    minimum: Int.random(in: 0...1, using: &random), demand: demand,
                    group: index.isMultiple(of: 5) ? nil : index % groups, weight: 1 + index % 7, priority: index % 3,
                    mayBorrow: !index.isMultiple(of: 11)))
            asked += demand * consumption
        }
        let limit = BudgetAmount(millionths: asked.millionths / 2)
        let guarantee = BudgetAmount(millionths: limit.millionths / Int128(2 * groups))
        return BudgetDivision(
            limit: limit, guarantees: [BudgetAmount](repeating: guarantee, count: groups), members: members)
    }
}
