/// Keeps metrics at their targets within a limit on the cost of the replicas.
package struct CostPolicy: ScalingPolicy, Hashable {
    package var demand: SLOPolicy
    /// The cost per replica, greater than 0, in any currency.
    package var costPerPodPerHour: Double
    /// The budget: at least `costPerPodPerHour`, in the same currency.
    package var maxCostPerHour: Double

    package init(demand: SLOPolicy = SLOPolicy(), costPerPodPerHour: Double, maxCostPerHour: Double) {
        self.demand = demand
        self.costPerPodPerHour = costPerPodPerHour
        self.maxCostPerHour = maxCostPerHour
    }

    /// The replicas that the budget allows: at least 1.
    package var cap: Int {
        Int(max(1, min((maxCostPerHour / costPerPodPerHour + 1e-9).rounded(.down), Double(Int32.max))))
    }

    package func recommend(_ input: PolicyInput) -> PolicyRecommendation {
        var result = demand.recommend(input)
        result.budget = BudgetRecord(
            costPerHour: Double(input.current) * costPerPodPerHour, maxCostPerHour: maxCostPerHour, cap: cap
        )
        return result
    }
}
