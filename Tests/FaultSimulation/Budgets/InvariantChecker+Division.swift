import WireFormats

// Invariants of shared budgets in quiescence, when every metric asks for more than the maximum.
extension InvariantChecker {
    /// What a budget still has to do, and until when.
    struct OpenRule {
        let deadline: Int64
        let message: String
    }

    /// The state of a member.
    private struct Member {
        let name: String
        let plan: ScalerPlan
        let consumption: Int
        let replicas: Int
        /// Whether nothing changes its replicas, or nothing may lower them.
        let isFixed: Bool
        /// Whether its metrics can raise its replicas.
        let canGrow: Bool

        var least: Int { isFixed ? max(replicas, plan.least) : plan.least }
        /// What its metrics ask for.
        var wanted: Int { min(plan.most, max(plan.cap ?? plan.most, plan.least)) }
        var use: Int { replicas * consumption }

        /// The time that it needs to give back its replicas down to the minimum.
        var lendingTime: Int64 {
            var (steps, rest) = (0, max(plan.most, replicas))
            while !isFixed, rest > plan.least {
                rest -= max(1, plan.downStep(from: rest))
                steps += 1
            }
            return Int64(steps * (max(plan.effectiveDownCooldown, plan.interval) + 2 * plan.interval)) * 1_000_000
        }

        /// The time that it needs to grow to its maximum, and for each replica's demand to be seen by the others.
        func growingTime(pollOfOthers: Int) -> Int64 {
            var (steps, replicas) = (1, 0)
            while canGrow, replicas < plan.most {
                replicas += replicas == 0 ? 1 : max(1, plan.upStep(from: replicas))
                steps += 1
            }
            let wait = max(plan.upCooldown ?? plan.cooldown ?? 15, plan.interval) + (plan.upStabilization ?? 0)
            return Int64(steps * (wait + 2 * plan.interval + 2 * pollOfOthers)) * 1_000_000
        }
    }

    /// From the end of the faults until a leader has read the cluster, and polled all scalers.
    private static let settling: Int64 = 80_000_000
    /// From an edit in quiescence until the leader knows it.
    private static let noticeTime: Int64 = 2_000_000
    /// The status of a budget is written every 10 s at most.
    private static let statusTime: Int64 = 25_000_000

    /// Returns what budgets have not reached yet.
    func openBudgetRules() -> [OpenRule] {
        let current = budgets.sorted { $0.key < $1.key }.compactMap { $0.value.last }.filter { $0.until == nil }
        return current.flatMap { version -> [OpenRule] in
            let others = current.map(\.plan).filter { $0.name != version.plan.name }
            return rules(of: version.plan, since: version.since, others)
        }
    }

    private func rules(of budget: BudgetPlan, since: Int64, _ others: [BudgetPlan]) -> [OpenRule] {
        let standing = versions.values.compactMap(\.last).filter { $0.until == nil }
        // Who counts a target that several scalers have is not observable.
        guard Set(standing.map(\.plan.target)).count == standing.count else { return [] }
        let members = standing.sorted { $0.name < $1.name }.compactMap { member($0, of: budget) }
        let isAlone = !others.contains { other in members.contains { other.consumption[$0.name] != nil } }
        let poll = members.map(\.plan.interval).max() ?? 0
        let start = max((quiescentSince ?? 0) + Self.settling, since + Self.noticeTime)
        let lending =
            budget.isImmediate ? Int64(2 * poll) * 1_000_000 : members.map(\.lendingTime).reduce(0, +)
        let growing = members.map { $0.growingTime(pollOfOthers: poll) }.reduce(0, +)
        let owner = budget.guarantee.flatMap { guarantee in members.first { $0.name == guarantee.owner } }
        var rules: [OpenRule] = []
        func require(_ isMet: Bool, by deadline: Int64, _ message: String) {
            if !isMet {
                rules.append(OpenRule(deadline: deadline, message: "\(budget.name) of \(budget.summary): \(message)"))
            }
        }
        let state = members.map { "\($0.name) has \($0.replicas)\($0.isFixed ? " fixed" : "")" }.joined(separator: ", ")
        let use = members.map(\.use).reduce(0, +)
        let floor = members.map { $0.least * $0.consumption }.reduce(0, +)
        require(use <= max(budget.limit, floor), by: start + lending, "is exceeded: \(state)")
        if let owner, isAlone, let missing = missing(of: owner, budget, members) {
            let needed = start + lending + owner.growingTime(pollOfOthers: poll)
            require(false, by: needed, "\(owner.name) does not have its guarantee of \(missing) replicas: \(state)")
        }
        let largest = members.map(\.consumption).max() ?? 0
        let isStarving = members.contains { $0.canGrow && !$0.isFixed && $0.replicas < $0.wanted }
        require(
            !isAlone || !isStarving || use + largest > budget.limit, by: start + lending + growing,
            "has room that nobody gets: \(state)")
        let said = cluster.budget(budget.name)?["status"]?["limits"]?.arrayValue?.first
        require(
            said?["used"]?.intValue == use && said?["limit"]?.intValue == budget.limit,
            by: start + lending + growing + Self.statusTime,
            "the status says \(said?["used"]?.description ?? "nothing") of "
                + "\(said?["limit"]?.description ?? "nothing") are used, not \(use): \(state)")
        return rules
    }

    private func member(_ version: ScalerVersion, of budget: BudgetPlan) -> Member? {
        guard let consumption = budget.consumption[version.name] else { return nil }
        let (plan, replicas) = (version.plan, cluster.replicas(of: version.plan.target) ?? 0)
        let isActing = acts(version, replicas)
        return Member(
            name: version.name, plan: plan, consumption: consumption, replicas: replicas,
            isFixed: !isActing || !budget.isImmediate && plan.downStep(from: max(replicas, 1)) == 0,
            canGrow: isActing && (plan.upStep(from: max(replicas, 1)) > 0))
    }

    /// Returns the replicas that a guarantee covers if its owner has fewer; nil if it has them.
    private func missing(of owner: Member, _ budget: BudgetPlan, _ members: [Member]) -> Int? {
        guard let guarantee = budget.guarantee, owner.canGrow else { return nil }
        let others = members.filter { $0.name != owner.name }.map { $0.least * $0.consumption }.reduce(0, +)
        let covered = min(guarantee.amount, budget.limit - others) / owner.consumption
        let due = min(covered, owner.wanted)
        return owner.replicas < due ? due : nil
    }
}
