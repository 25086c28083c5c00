/// The division of one limit among the members of a budget.
///
/// The replicas that members ask for form one sequence, which does not depend on the limit:
///
/// 1. the minimums of all members;
/// 2. what the guarantees cover: of each group, one replica at a time to the member with the lowest weighted use, up to
///    the first replica that does not fit into the group's guarantee; members of a higher priority come first;
/// 3. the rest, a higher priority first, and within a priority again one replica at a time to the member with the lowest
///    weighted use.
///
/// Members get the longest prefix of the sequence that fits into the limit, and the minimums in any case. A replica that
/// does not fit ends the division, even if a later one is smaller. Therefore a higher limit gives a longer prefix and
/// takes replicas from nobody, and a lower one takes them from borrowers first, of the lowest priority first. A guarantee
/// that its group does not ask for is not part of the sequence: it is lent to the members that follow.
///
/// The weighted use of a member is its replicas times their consumption, divided by its weight. Of equals, the first
/// member is served first.
///
/// Source: max-min fairness by progressive filling (Bertsekas and Gallager, *Data Networks*, section 6.5.2), over whole
/// replicas; guarantees that are lent while unused are those of YARN's capacity scheduler and of Kueue's cohorts.
/// Complexity: O(n log n) for n members, regardless of the number of replicas.
package struct BudgetDivision: Sendable {
    package var limit: BudgetAmount
    /// By group.
    package var guarantees: [BudgetAmount]
    package var members: [BudgetMember]

    package init(limit: BudgetAmount, guarantees: [BudgetAmount] = [], members: [BudgetMember]) {
        self.limit = limit
        self.guarantees = guarantees
        self.members = members
    }

    /// Returns the most replicas of each member: at least its minimum, and at most the replicas that it asks for.
    package func caps() -> [Int] {
        var caps = members.map { $0.consumption == .zero ? $0.wanted : $0.minimum }
        var rest = limit
        var missing = BudgetAmount.zero
        for (member, cap) in zip(members, caps) {
            rest -= cap * member.consumption
            missing += (member.wanted - cap) * member.consumption
        }
        // The usual case: everything fits.
        if missing <= rest, members.allSatisfy(\.mayBorrow) { return members.map(\.wanted) }
        let guaranteed = guaranteedReplicas(atLeast: caps)
        let byPriority = indicesByPriority()
        if !guarantees.isEmpty {
            for indices in byPriority {
                guard fill(&caps, of: indices, upTo: { guaranteed[$0] }, with: &rest) else { return caps }
            }
        }
        for indices in byPriority {
            guard fill(&caps, of: indices, upTo: borrowable, with: &rest) else { return caps }
        }
        return caps
    }

    /// Returns the indices of the members, those of the highest priority first.
    private func indicesByPriority() -> [[Int]] {
        guard let first = members.first, members.contains(where: { $0.priority != first.priority }) else {
            return [Array(members.indices)]
        }
        return Dictionary(grouping: members.indices) { members[$0].priority }.sorted { $0.key > $1.key }.map(\.value)
    }

    /// Returns the replicas of each member that guarantees cover, regardless of the limit.
    private func guaranteedReplicas(atLeast minimums: [Int]) -> [Int] {
        var replicas = minimums
        guard !guarantees.isEmpty else { return replicas }
        var groups = [[Int]](repeating: [], count: guarantees.count)
        for (index, member) in members.enumerated() {
            if let group = member.group, groups.indices.contains(group) { groups[group].append(index) }
        }
        for (group, members) in groups.enumerated() {
            var rest = guarantees[group]
            for index in members { rest -= minimums[index] * self.members[index].consumption }
            _ = fill(&replicas, of: members, upTo: { self.members[$0].wanted }, with: &rest)
        }
        return replicas
    }

    private func borrowable(_ index: Int) -> Int {
        let member = members[index]
        return member.mayBorrow ? member.wanted : max(member.minimum, min(member.wanted, member.held))
    }

    /// Hands out replicas to members, the lowest weighted use first, until one does not fit.
    ///
    /// - Returns: whether all fit.
    private func fill(
        _ caps: inout [Int], of indices: [Int], upTo end: (Int) -> Int, with rest: inout BudgetAmount
    ) -> Bool {
        var slots: [FairFilling.Slot] = []
        slots.reserveCapacity(indices.count)
        for index in indices where end(index) > caps[index] {
            let member = members[index]
            slots.append(
                FairFilling.Slot(
                    index: index, start: caps[index], end: end(index),
                    consumption: Int64(clamping: member.consumption.millionths), weight: Int64(member.weight))
            )
        }
        guard !slots.isEmpty else { return true }
        var filling = FairFilling(slots, budget: rest.millionths)
        let isComplete = filling.run()
        for slot in filling.slots { caps[slot.index] = slot.replicas }
        rest = BudgetAmount(millionths: filling.budget)
        return isComplete
    }
}
