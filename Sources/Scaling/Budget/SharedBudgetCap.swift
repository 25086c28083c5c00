/// What the shared budgets of a scaler leave it at one decision. Of several budgets, the one with the lowest cap.
///
/// Not to be confused with ``BudgetRecord``, which is the limit of the cost policy on one scaler alone.
package struct SharedBudgetCap: Sendable, Hashable {
    /// The name of the ScalingBudget; empty if the budgets are not known yet.
    package var budget: String
    /// The most replicas to have: 0 to `Int32.max`. Fewer than there are: the budget takes replicas back.
    package var replicas: Int
    /// The most replicas to have by the budgets that take replicas back regardless of cooldowns and rates: `replicas` or
    /// more; nil if there are none.
    package var immediateReplicas: Int?
    /// The state of the limit, such as `0.5 left of 40.00 per hour`; empty if unknown. Changes with the replicas of other
    /// members, so it is a live value.
    package var state: String

    /// The cap while the budgets are not known: what there is.
    package static func unread(replicas: Int) -> SharedBudgetCap { SharedBudgetCap(budget: "", replicas: replicas) }

    package var isUnread: Bool { budget.isEmpty }

    /// Whether the lowest cap is of a budget that takes replicas back at once.
    package var isImmediate: Bool { immediateReplicas == replicas }

    package init(budget: String, replicas: Int, isImmediate: Bool = false, state: String = "") {
        self.budget = budget
        self.replicas = replicas
        immediateReplicas = isImmediate ? replicas : nil
        self.state = state
    }
}

extension Decision {
    /// The clause of the sentence for ``Cause/budget``.
    var sharedBudgetPhrase: String {
        guard let cap = sharedBudget else { return "a shared budget allows at most \(desired)" }
        guard !cap.isUnread else { return "nothing is scaled up before the operator has read the ScalingBudgets" }
        let state = cap.state.isEmpty ? "" : " (\(cap.state))"
        guard cap.replicas < current else { return "budget \(cap.budget) allows at most \(cap.replicas)\(state)" }
        return "budget \(cap.budget) takes back \((current - cap.replicas).counted("replica"))\(state)"
    }
}
