// The edge of a schedule, at which the leader may end.
extension SimulatedEnvironment {
    /// One seed of these ends with a handover, because it prolongs the run.
    private static let handoverSeeds: UInt64 = 6
    /// How long after the edge some operator leads: a lease expires (15 s), and another operator reads it.
    private static let handoverTime: Int64 = 45_000_000
    private static let checkInterval: Int64 = 100_000
    /// In milliseconds.
    private static let startDelay = 100...5_000

    var endsWithHandover: Bool { seed.isMultiple(of: Self.handoverSeeds) }

    /// Gives a scaler a schedule that is active and soon ends, and stops or kills the leader before or after that.
    ///
    /// The bounds of the schedule and of the rest of the time have no number in common: each edge changes the replicas.
    func passHandover() {
        guard let name = checker.actingScaler(of: scalers), var plan = checker.plan(of: name) else { return }
        let seconds = random.within(5...25)
        let schedule = ScalerPlan.Schedule.active(
            at: timeline.now, seconds: seconds, bounds: plan.most + 1...plan.most + 2)
        plan.schedule = schedule
        let start = timeline.now
        let edge = schedule.end - SimulatedClock.epoch
        edit(name, to: plan)
        pass(until: start + Self.checkInterval)
        passUntilBoundsAreKept(by: name, edge: start, isEdit: true)
        timeline.after(random.duration(0...seconds * 1_000)) { [unowned self] in endLeader() }
        pass(until: max(edge, timeline.now) + Self.checkInterval)
        passUntilBoundsAreKept(by: name, edge: edge, isEdit: false)
        // By then, an operator that takes the place of the leader has started.
        pass(until: max(timeline.now, edge + 2 * Timeline.microseconds(.milliseconds(Self.startDelay.upperBound))))
    }

    private func passUntilBoundsAreKept(by name: String, edge: Int64, isEdit: Bool) {
        let end = edge + Self.handoverTime
        while checker.violation == nil, timeline.now < end, !checker.keepsBounds(name) {
            pass(until: timeline.now + Self.checkInterval)
            if leadingSlot != nil { checker.checkEdge(edge, of: name, isEdit: isEdit) }
        }
        if !checker.keepsBounds(name) { checker.note("\(name) has not met the edge of its schedule under any leader") }
    }

    /// The slot of the operator that became the leader last, unless that operator has ended.
    var leadingSlot: Int? {
        slots.firstIndex { $0.map { $0.name == checker.terms.last?.operator && !$0.isEnding } ?? false }
    }

    private func endLeader() {
        guard let slot = leadingSlot, let leader = slots[slot] else { return }
        switch random.below(3) {
        case 0: trace.add(timeline.now, "environment", "the leader stays")
        case 1:
            trace.add(timeline.now, "environment", "stop \(leader.name)")
            leader.stop()
            timeline.after(random.duration(Self.startDelay)) { [unowned self] in launch(slot) }
        default: kill(leader, slot, restartAfter: random.duration(Self.startDelay))
        }
    }

    func kill(_ leader: Replica, _ slot: Int, restartAfter delay: Duration) {
        trace.add(timeline.now, "environment", "kill \(leader.name)")
        leader.kill()
        slots[slot] = nil
        timeline.after(delay) { [unowned self] in launch(slot) }
    }
}

extension ScalerPlan.Schedule {
    /// - Parameters:
    ///   - time: since the start of the environment; the schedule begins with the minute before, since it lasts at least one.
    ///   - seconds: from then until the schedule ends.
    fileprivate static func active(at time: Int64, seconds: Int, bounds: ClosedRange<Int>) -> Self {
        let minute = Int(time / 60_000_000) - 1
        return Self(
            minute: minute, seconds: Int(time / 1_000_000) - 60 * minute + seconds, least: bounds.lowerBound,
            most: bounds.upperBound)
    }
}
