package import KubernetesClient
package import ScalerAPI
package import Scaling

/// The shared budgets of a simulation: the ledger of the operator, without a cluster.
///
/// Every replica that a decision sets is confirmed at once, so that nothing is reserved for longer than a decision.
package struct BudgetReplay: Sendable {
    /// A scaler that may be under budgets.
    package struct Member: Sendable {
        package var key: ObjectKey
        package var consumption: ReplicaConsumption
        /// The replicas at the start.
        package var replicas: Int

        package init(key: ObjectKey, consumption: ReplicaConsumption, replicas: Int) {
            self.key = key
            self.consumption = consumption
            self.replicas = replicas
        }
    }

    /// The state of one limit.
    package struct Limit: Sendable, Hashable {
        package var limit: Double
        package var used: Double
        /// What would be used without the budget.
        package var demanded: Double
        /// The member whose consumption is unknown, so that nothing is scaled up; nil for none.
        package var unknown: Int?
    }

    /// A decision for one member.
    package struct Decided: Sendable {
        package var outcome: DecisionOutcome
        /// The replicas that each budget denies the member, in the order of the budgets.
        package var denied: [Int]
    }

    private let names: [String]
    private let keys: [ObjectKey]
    private var ledger = BudgetLedger()

    /// - Parameter budgets: with unique names.
    package init(_ budgets: [(budget: ScalingBudget, spec: ScalingBudgetSpec)], members: [Member]) {
        names = budgets.map(\.budget.name)
        keys = members.map(\.key)
        for (budget, spec) in budgets { ledger.set(BudgetAccount(budget, spec: spec)) }
        for member in members {
            let use = BudgetAccount.Use(
                held: member.replicas, minimum: 0, demand: member.replicas, mayBorrow: true)
            ledger.update(member.key, member.consumption, use: use)
        }
    }

    /// Decides for a member within its budgets.
    package mutating func decide(_ input: DecisionInput, member: Int) -> Decided {
        let key = keys[member]
        guard ledger.isMember(key) else {
            return Decided(outcome: DecisionEngine.decide(input), denied: names.map { _ in 0 })
        }
        let demand = ledger.ask(input, for: key, held: input.current)
        let denied = names.map { replicasDenied(key, by: $0, at: input.now) }
        return Decided(outcome: ledger.grant(input, demand, to: key), denied: denied)
    }

    private mutating func replicasDenied(_ key: ObjectKey, by name: String, at now: Timestamp) -> Int {
        guard let use = ledger.use(of: key), var account = ledger.divided(name, at: now),
            let cap = account.cap(of: key, at: now, [key: use])
        else { return 0 }
        return max(0, max(use.minimum, use.demand) - max(use.minimum, cap.replicas))
    }

    /// Records the replicas that a member has after its decision.
    package mutating func settle(_ replicas: Int, member: Int) { ledger.settle(replicas, for: keys[member]) }

    /// Returns the state of each limit, budget by budget.
    package mutating func limits(at now: Timestamp) -> [[Limit]] {
        names.map { name in
            (ledger.divided(name, at: now)?.divisions ?? []).map { division in
                Limit(
                    limit: division.limit.amount.units, used: division.used.units, demanded: division.demanded.units,
                    unknown: division.unknown.flatMap { keys.firstIndex(of: $0) })
            }
        }
    }

    /// Returns the members of a budget, in the order of the members.
    package func members(of budget: Int) -> [Int] {
        keys.indices.filter { ledger.accounts[names[budget]]?.contains(keys[$0]) == true }
    }
}
