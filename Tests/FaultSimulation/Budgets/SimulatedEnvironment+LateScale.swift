import ClusterSimulator

/// The scale patch that arrives late after quiescence.
enum LateScale {
    case none
    /// The next one.
    case awaited
    case arrives(at: Int64)
}

// A scale patch that arrives under the successor of its leader.
extension SimulatedEnvironment {
    /// From a higher limit until a member takes what it adds.
    private static let growingTime: Int64 = 60_000_000
    private static let checkInterval: Int64 = 1_000_000
    private static let mostBlindness: Duration = .seconds(65)
    private static let lateScalesPercent = 50
    /// What is added to the maximum of each member.
    private static let growth = 6

    /// Whether a run ends in this way: only if an operator learns of edits soon, because the checker allows for every limit
    /// that it may not have learned of yet.
    var endsWithLateScale: Bool {
        plan.blindness <= Self.mostBlindness && budgetRandom.chance(percent: Self.lateScalesPercent)
    }

    /// Lowers a limit to what is in use, and raises it by a few replicas. Then delays the next scale patch and kills its
    /// leader: the successor has to count the patch, as the other members ask for what it takes.
    func passLateScale() {
        let budget = checker.budgets.sorted { $0.key < $1.key }.compactMap(\.value.last).first { $0.until == nil }
        guard checker.violation == nil, leadingSlot != nil, var plan = budget?.plan else { return }
        plan.guarantee = nil
        plan.limit = max(1, use(of: plan))
        edit(plan)
        for name in plan.members { letGrow(name) }
        pumpWatches()
        pass(until: timeline.now + Timeline.microseconds(self.plan.blindness) + Self.checkInterval)
        guard checker.violation == nil, leadingSlot != nil else { return }
        plan.limit += (plan.consumption.values.max() ?? 1) * budgetRandom.within(1...3)
        edit(plan)
        pumpWatches()
        lateScale = .awaited
        let end = timeline.now + Self.growingTime
        while checker.violation == nil, timeline.now < end, case .awaited = lateScale {
            pass(until: timeline.now + Self.checkInterval)
        }
        if case .arrives(let time) = lateScale { pass(until: time + Self.checkInterval) }
        lateScale = .none
    }

    /// Lets nothing but the budget limit a scaler.
    private func letGrow(_ name: String) {
        guard var plan = checker.plan(of: name) else { return }
        (plan.isPaused, plan.isDryRun) = (false, false)
        plan.most += Self.growth
        (plan.cap, plan.upRate, plan.upStabilization, plan.cooldown) = (nil, nil, nil, nil)
        plan.upCooldown = 0
        edit(name, to: plan)
    }

    private func use(of plan: BudgetPlan) -> Int {
        plan.consumption.reduce(0) { sum, member in
            sum + member.value * (checker.plan(of: member.key).flatMap { cluster.replicas(of: $0.target) } ?? 0)
        }
    }

    /// Returns how long a scale patch travels if it is the one to arrive late.
    func wayOfLateScale(_ request: APIRequest) -> Duration? {
        guard case .awaited = lateScale, request.isScale else { return nil }
        // The leader dies while it waits for the response, or after it has given up and read the former replicas.
        let isGivenUp = budgetRandom.chance(percent: 50)
        let death = isGivenUp ? budgetRandom.duration(12_000...28_000) : budgetRandom.duration(10...1_000)
        // By then, another operator leads and has polled every scaler.
        let way = death + budgetRandom.duration(25_000...40_000)
        let restart = budgetRandom.duration(100...5_000)
        trace.add(timeline.now, "network", "late scale: \(request.path)")
        lateScale = .arrives(at: timeline.now + Timeline.microseconds(way))
        timeline.after(.milliseconds(1)) { [unowned self] in pauseScaler(of: request.objectName) }
        timeline.after(death) { [unowned self] in
            guard let slot = leadingSlot, let leader = slots[slot] else { return }
            kill(leader, slot, restartAfter: restart)
        }
        return way
    }

    /// Pauses the scaler of a target, so that no other scale patch supersedes the late one.
    private func pauseScaler(of target: String) {
        guard let name = scalers.first(where: { checker.plan(of: $0)?.target == target }),
            var plan = checker.plan(of: name)
        else { return }
        trace.add(timeline.now, "environment", "people pause \(name)")
        plan.isPaused = true
        edit(name, to: plan)
    }
}
