/// What the division of a budget has to know of a scaler.
package struct BudgetMember: Sendable, Hashable {
    /// What one replica consumes: 0 to ``BudgetAmount/largestConsumption``.
    package var consumption: BudgetAmount
    /// The replicas that the member has or has reserved: the larger of its target's replicas and of a scale operation
    /// in flight.
    package var held: Int
    /// The replicas that it has in any case: `minReplicas`, or ``held`` if nothing may change its replicas.
    package var minimum: Int
    /// The replicas that it would be set to next without the budget. The minimum counts if it is higher.
    package var demand: Int
    /// The index of the guarantee that it shares with others; nil for none.
    package var group: Int?
    /// Its share among members of the same priority: 1 to ``weights``'s upper bound.
    package var weight: Int
    /// Higher ones are served first.
    package var priority: Int
    /// Whether it can be scaled down. Otherwise, nothing is lent to it beyond what it holds.
    package var mayBorrow: Bool

    package static let weights = 1...1_000_000

    package init(
        consumption: BudgetAmount, held: Int, minimum: Int, demand: Int, group: Int? = nil, weight: Int = 1,
        priority: Int = 0, mayBorrow: Bool = true
    ) {
        self.consumption = consumption
        self.held = held
        self.minimum = minimum
        self.demand = demand
        self.group = group
        self.weight = weight
        self.priority = priority
        self.mayBorrow = mayBorrow
    }

    /// The replicas that the member asks for.
    var wanted: Int { max(minimum, demand) }
}
