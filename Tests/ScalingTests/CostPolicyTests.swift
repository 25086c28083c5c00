import Scaling
import Testing

@Suite("The cost policy")
struct CostPolicyTests {
    @Test(
        "the cost policy rounds the budget down to whole replicas, with tolerance for the division's rounding error",
        arguments: [
            (1.0, 0.25, 4), (1, 0.3, 3), (0.3, 0.1, 3), (0.6, 0.2, 3), (1, 1, 1), (0.99, 0.1, 9),
            (.greatestFiniteMagnitude, .leastNonzeroMagnitude, Int(Int32.max)), (1e-300, 1e300, 1), (.nan, 1, 1),
        ])
    func cap(budget: Double, price: Double, replicas: Int) {
        #expect(CostPolicy(costPerPodPerHour: price, maxCostPerHour: budget).cap == replicas)
    }

    /// A budget for 5 replicas.
    private static let five = CostPolicy(costPerPodPerHour: 0.2, maxCostPerHour: 1)

    static let rows = [
        Row("below the cap, the metrics decide", 3, [120], policy: five, gives: 4),
        Row("above it, the cap", 4, [300], policy: five, gives: 5, .budgetCap),
        Row("at the cap, no more", 5, [300], policy: five, gives: 5, .budgetCap),
        Row("over the cap, down to it", 8, [100], policy: five, gives: 5, .budgetCap),
        Row("also when the metrics ask for more", 8, [300], policy: five, gives: 5, .budgetCap),
        Row("also when they fail", 8, [nil], policy: five, gives: 5, .noData, .budgetCap),
        Row(
            "also when some are missing", 8, [nil, 10], metrics: [.rate, .queue], policy: five,
            gives: 5, .partialMetrics, .budgetCap),
        Row(
            "down to it at the rate", 8, [nil], policy: five,
            safety: .free.with { $0.maxScaleDownRate = .replicas(1) }, gives: 7, .noData, .budgetCap, .scaleDownRate),
        Row(
            "and after the cooldown", 8, [nil], policy: five,
            safety: .free.with { $0.scaleDownCooldown = .seconds(300) },
            history: ScalingHistory(lastScaleUpTime: at(-299), hasSeenReplicas: true),
            gives: 8, .noData, .budgetCap, .cooldown),
        Row("minReplicas takes precedence", 8, [10], bounds: 7...100, policy: five, gives: 7, .minReplicas),
        Row(
            "minReplicas wins when the metrics ask for more", 8, [300], bounds: 7...100, policy: five,
            gives: 7, .budgetCap),
        Row("maxReplicas may be tighter", 3, [300], bounds: 1...4, policy: five, gives: 4, .budgetCap, .maxReplicas),
    ]

    @Test("the cost policy limits the replicas of each case", arguments: rows)
    func costPolicyLimits(_ row: Row) {
        let decision = row.decide()
        #expect(decision.desired == row.desired)
        #expect(decision.limitedBy == row.limitedBy)
    }

    @Test("the decision record contains the current cost, the maximum cost and the overspend")
    func record() throws {
        let over = try #require(Row("", 8, [100], policy: Self.five, gives: 5).decide().budget)
        #expect(over == BudgetRecord(costPerHour: 1.6, maxCostPerHour: 1, cap: 5))
        #expect(abs(over.overspendPerHour - 0.6) < 1e-12)
        let within = try #require(Row("", 2, [nil], policy: Self.five, gives: 2).decide().budget)
        #expect(within.overspendPerHour == 0)
        #expect(Row("", 2, [100], gives: 2).decide().budget == nil)
    }
}
