@testable import Scaling

/// The division of a budget as its documentation states it: one replica at a time, by looking at every member.
struct ReferenceDivision {
    let division: BudgetDivision

    /// The members that get a replica beyond the minimums, in order, regardless of the limit.
    private func sequence() -> [Int] {
        let members = division.members
        var replicas = members.map(\.minimum)
        let isCharged = members.map { $0.consumption > .zero }
        var covered = replicas
        for group in division.guarantees.indices {
            let own = members.indices.filter { members[$0].group == group && isCharged[$0] }
            func used() -> BudgetAmount {
                own.reduce(.zero) { $0 + covered[$1] * members[$1].consumption }
            }
            while let next = next(among: own, covered, upTo: members.map { max($0.minimum, $0.demand) }),
                used() + members[next].consumption <= division.guarantees[group]
            {
                covered[next] += 1
            }
        }
        let lent = members.indices.map { index in
            let member = members[index]
            let wanted = max(member.minimum, member.demand)
            return member.mayBorrow ? wanted : max(member.minimum, min(wanted, member.held))
        }
        var sequence: [Int] = []
        for end in [covered, lent] {
            for priority in Set(members.map(\.priority)).sorted(by: >) {
                let own = members.indices.filter { members[$0].priority == priority && isCharged[$0] }
                while let next = next(among: own, replicas, upTo: end) {
                    sequence.append(next)
                    replicas[next] += 1
                }
            }
        }
        return sequence
    }

    private func next(among indices: [Int], _ replicas: [Int], upTo end: [Int]) -> Int? {
        indices.filter { replicas[$0] < end[$0] }.min { one, other in
            let (a, b) = (division.members[one], division.members[other])
            let own = Int128(replicas[one]) * a.consumption.millionths * Int128(b.weight)
            let others = Int128(replicas[other]) * b.consumption.millionths * Int128(a.weight)
            return own == others ? one < other : own < others
        }
    }

    func caps() -> [Int] {
        var caps = division.members.map { $0.consumption == .zero ? max($0.minimum, $0.demand) : $0.minimum }
        var used = BudgetAmount.zero
        for (member, cap) in zip(division.members, caps) { used += cap * member.consumption }
        for index in sequence() {
            used += division.members[index].consumption
            guard used <= division.limit else { break }
            caps[index] += 1
        }
        return caps
    }
}
