package import Scaling
package import WireFormats

/// The shared budgets over the members of a group, which are named by their places.
package protocol SharedBudgets: Sendable {
    /// Decides for a member within its budgets, and reserves the replicas that the decision adds.
    ///
    /// - Returns: the outcome, and the replicas that each budget denies the member, in the order of the budgets.
    mutating func decide(_ input: DecisionInput, member: Int) -> (outcome: DecisionOutcome, denied: [Int])

    /// Records the replicas that a member has after its decision.
    mutating func settle(_ replicas: Int, member: Int)

    /// Returns the state of each limit, budget by budget.
    mutating func states(at now: Timestamp) -> [[LimitState]]
}

/// The state of one limit of a shared budget.
package struct LimitState: Sendable, Hashable {
    package var limit: Double
    package var used: Double
    /// What would be used without the budget.
    package var demanded: Double
    /// Whether it is unknown what a member consumes, so that no member is scaled up.
    package var isUnknown: Bool

    package init(limit: Double, used: Double, demanded: Double, isUnknown: Bool) {
        self.limit = limit
        self.used = used
        self.demanded = demanded
        self.isUnknown = isUnknown
    }

    /// Whether the members ask for more than the limit.
    package var isBinding: Bool { demanded > limit }
}

/// What is fixed of a shared budget in a simulation.
package struct BudgetOutline: Sendable, Hashable {
    package struct Limit: Sendable, Hashable {
        package var unit: String
        /// What one replica of each member of the budget consumes, in the order of ``BudgetOutline/members``; nil if
        /// unknown.
        package var consumption: [Double?]

        package init(unit: String, consumption: [Double?]) {
            self.unit = unit
            self.consumption = consumption
        }
    }

    package var name: String
    /// Whether the budget only reports what it would deny.
    package var isReport: Bool
    /// The places of its members.
    package var members: [Int]
    package var limits: [Limit]
    /// The spec to show in a report.
    package var spec: JSON

    package init(name: String, isReport: Bool, members: [Int], limits: [Limit], spec: JSON = .null) {
        self.spec = spec
        self.name = name
        self.isReport = isReport
        self.members = members
        self.limits = limits
    }
}
