import ClusterSimulator
import WireFormats

// Shared budgets, which some environments have.
extension SimulatedEnvironment {
    /// One of this many seeds has budgets.
    private static let budgetSeeds: UInt64 = 3
    /// Distinguishes the sequence of what concerns budgets, so that other seeds stay what they were.
    private static let salt: UInt64 = 0x6275_6467_6574
    private static let checkInterval: Int64 = 1_000_000

    static func hasBudgets(_ seed: UInt64) -> Bool { seed % budgetSeeds == 1 }

    static func budgetRandom(_ seed: UInt64) -> RandomSource { RandomSource(seed: seed ^ salt) }

    var hasBudgets: Bool { Self.hasBudgets(seed) }

    /// Creates the definition, one or two budgets, and their later changes.
    func createBudgets() throws {
        try cluster.createBudgetDefinition()
        for number in 1...budgetRandom.pick([1, 1, 2]) {
            let name = "budget-\(number)"
            create(budget: .random(name, of: scalers, budgetRandom))
            changeLater(name)
        }
    }

    private func changeLater(_ name: String) {
        timeline.after(.seconds(budgetRandom.within(20...120))) { [unowned self] in
            guard isStormy else { return }
            change(name)
            pumpWatches()
            changeLater(name)
        }
    }

    private func change(_ name: String) {
        guard let last = checker.budgets[name]?.last, last.until == nil else { return }
        var plan = last.plan
        guard !budgetRandom.chance(percent: 15) else { return recreate(plan) }
        if budgetRandom.chance(percent: 80) { plan.change(budgetRandom) } else { plan.isImmediate.toggle() }
        edit(plan)
    }

    func edit(_ plan: BudgetPlan) {
        do {
            _ = try cluster.api.patch(Cluster.path(budget: plan.name), ["spec": plan.json])
            checker.budgetChanged(plan)
        } catch { checker.note("the simulation is wrong: an edit of \(plan.name) was refused: \(error)") }
    }

    private func recreate(_ plan: BudgetPlan) {
        guard (try? cluster.api.delete(Cluster.path(budget: plan.name))) != nil else { return }
        checker.budgetDeleted(plan.name)
        timeline.after(budgetRandom.duration(0...60_000)) { [unowned self] in
            create(budget: .random(plan.name, of: scalers, budgetRandom))
            pumpWatches()
        }
    }

    private func create(budget plan: BudgetPlan) {
        do {
            try cluster.create(budget: plan)
            checker.budgetChanged(plan)
        } catch { checker.note("the simulation is wrong: \(plan.name) was refused: \(error)") }
    }

    /// Kills the leader in half of the cases in which one of its scale operations is to arrive late: its successor has to
    /// count what that operation may add.
    func endLeaderOfLateScale() {
        guard hasBudgets, budgetRandom.chance(percent: 50) else { return }
        let delay = budgetRandom.duration(10...1_000)
        let restart = budgetRandom.duration(100...5_000)
        timeline.after(delay) { [unowned self] in
            guard isStormy, let slot = leadingSlot, let leader = slots[slot] else { return }
            kill(leader, slot, restartAfter: restart)
        }
    }

    /// Runs until every budget is divided as it should be. Then a scale patch arrives late under another leader, or each
    /// budget is lowered and divided again.
    func passBudgets() {
        passUntilDivided()
        guard !endsWithLateScale else { return passLateScale() }
        for version in checker.budgets.sorted(by: { $0.key < $1.key }).compactMap(\.value.last) {
            guard checker.violation == nil, version.until == nil else { continue }
            var plan = version.plan
            plan.lower(budgetRandom)
            edit(plan)
        }
        pumpWatches()
        passUntilDivided()
    }

    private func passUntilDivided() {
        while checker.violation == nil {
            guard let first = checker.openBudgetRules().min(by: { $0.deadline < $1.deadline }) else { return }
            guard timeline.now <= first.deadline else { return checker.note(first.message) }
            pass(until: timeline.now + Self.checkInterval)
        }
    }
}
