import WireFormats

// Invariants in quiescence.
extension InvariantChecker {
    /// The time from the end of the faults until a leader is active and has read the cluster: a lease expires (15 s), a
    /// standby reads it (2.4 s), a failed watch or list is retried (30 s).
    private static let settling: Int64 = 50_000_000
    /// The time of a few calls in quiescence.
    private static let callTime: Int64 = 2_000_000
    /// From an edge of a schedule until its bounds are kept, under a leader that has led since before it.
    private static let edgeTime: Int64 = 300_000
    /// The same under a leader that came later, which first lists all objects and reads their targets; and from an edit.
    private static let lateEdgeTime: Int64 = edgeTime + callTime

    func quiescenceBegan(leader: String?, hasElection: Bool) {
        quiescentSince = timeline.now
        for target in Set(versions.values.joined().map(\.plan.target)) {
            replicasAtQuiescence[target] = cluster.replicas(of: target)
        }
    }

    /// Checks that every scaler was polled within two intervals, has its replicas within its bounds, and reports their
    /// number.
    func checkQuiescence(scalers: [String], end: Int64) {
        guard let quiescentSince, violation == nil else { return }
        for name in scalers {
            guard let version = versions[name]?.last, version.until == nil else { continue }
            let plan = version.plan
            guard let replicas = cluster.replicas(of: plan.target) else { continue }
            let start = max(quiescentSince, version.since)
            let deadline = start + Self.settling + 2 * Int64(plan.interval) * 1_000_000
            guard deadline <= end else { continue }
            for series in plan.metrics {
                let isPolled = (readings[series.name] ?? []).reversed().prefix { $0.at >= start }
                    .contains { $0.startedAt <= deadline }
                if !isPolled { note("\(name) was not polled within two intervals after the faults had stopped") }
            }
            checkStatus(of: version, replicas, end)
            checkReplicas(of: version, replicas, end)
        }
    }

    private func checkStatus(of version: ScalerVersion, _ replicas: Int, _ end: Int64) {
        let (name, plan) = (version.name, version.plan)
        guard let status = cluster.scaler(name)?["status"] else { return note("\(name) has no status") }
        let lastChange = max(scales.last { $0.target == plan.target }?.time ?? 0, outsideScales[plan.target]?.last ?? 0)
        guard end - lastChange > 2 * Int64(plan.interval) * 1_000_000 + 1_000_000 else { return }
        let said = status["currentReplicas"]?.intValue
        if said != replicas { note("\(name) says \(said.map(String.init) ?? "nothing") of \(replicas) replicas") }
        let isUnderWay = pendings[version.uid]?.last.map { end - $0.sentAt < Self.callTime } ?? false
        if status["pendingScale"] != nil, !isUnderWay { note("\(name) has a pendingScale and nothing is under way") }
        let lastInheritance = max(pendings[version.uid]?.last?.sentAt ?? 0, terms.last?.since ?? 0)
        let countEnd = lastInheritance + Self.unconfirmedTime + Self.callTime + 2 * Int64(plan.interval) * 1_000_000
        if status["unconfirmedReplicas"] != nil, end > countEnd {
            note("\(name) has unconfirmedReplicas and nothing is under way")
        }
    }

    /// Checks that the owner of a target, whose metrics require more, has scaled it up within its bounds, unless a
    /// documented reason prevents it.
    private func checkReplicas(of version: ScalerVersion, _ replicas: Int, _ end: Int64) {
        let plan = version.plan.effective(at: SimulatedClock.epoch + end)
        let lastEdge = version.plan.lastEdge(by: SimulatedClock.epoch + end).map { $0 - SimulatedClock.epoch } ?? 0
        // An edge of a schedule takes effect at once, under any leader.
        guard end - lastEdge > Self.lateEdgeTime else { return }
        guard acts(version, replicas) else { return }
        guard plan.least...plan.most ~= replicas else {
            return note("\(version.name) leaves \(plan.target) at \(replicas), out of \(plan.least)...\(plan.most)")
        }
        let most = min(plan.most, max(plan.cap ?? plan.most, plan.least))
        let wait = max(plan.upCooldown ?? plan.cooldown ?? 15, plan.upStabilization ?? 0) + 2 * plan.interval
        let isLongEnough =
            Int64(wait) * 1_000_000 + Self.settling <= end - max(quiescentSince ?? 0, version.since, lastEdge)
        let isUnderBudget = budgets.values.contains { $0.last?.plan.consumption[version.name] != nil }
        guard plan.upStep(from: replicas) > 0, isLongEnough, !isUnderBudget else { return }
        let hasScaled = scales.contains { $0.time >= quiescentSince ?? 0 && $0.target == plan.target && $0.isUp }
        if replicas < most, !hasScaled {
            note("\(version.name) leaves \(plan.target) at \(replicas) though its metrics ask for \(most)")
        }
    }

    /// Returns whether the scaler alone sets the replicas of its target, and nothing holds it.
    func acts(_ version: ScalerVersion, _ replicas: Int) -> Bool {
        let others = versions.values.compactMap(\.last).filter {
            $0.until == nil && $0.uid != version.uid && $0.plan.target == version.plan.target && $0.plan.claimsTarget
        }
        guard version.until == nil, version.plan.claimsTarget, others.isEmpty else { return false }
        let status = cluster.scaler(version.name)?["status"]
        let causes = status?["limitedBy"]?.arrayValue?.compactMap(\.stringValue) ?? []
        // Held for at least ten minutes, or until another client sets it above 0.
        return !causes.contains("ReplicasConflict") && !(replicas == 0 && causes.contains("SwitchedOff"))
    }

    // MARK: Edges of schedules

    /// Returns the first scaler that alone sets the replicas of its target; nil without one.
    func actingScaler(of scalers: [String]) -> String? {
        scalers.first { name in
            guard let version = versions[name]?.last, let replicas = cluster.replicas(of: version.plan.target) else {
                return false
            }
            return acts(version, replicas)
        }
    }

    /// Whether the replicas of the scaler's target are within the bounds of this moment.
    func keepsBounds(_ scaler: String) -> Bool {
        guard let plan = plan(of: scaler), let replicas = cluster.replicas(of: plan.target) else { return false }
        let now = plan.effective(at: SimulatedClock.epoch + timeline.now)
        return now.least...now.most ~= replicas
    }

    /// Checks that the bounds of a moment are kept, as far as there has been a leader.
    ///
    /// - Parameters:
    ///   - edge: when the bounds changed.
    ///   - isEdit: whether an edit changed them, which the leader first has to learn.
    func checkEdge(_ edge: Int64, of scaler: String, isEdit: Bool) {
        guard violation == nil else { return }
        let since = terms.last?.since ?? 0
        let deadline = since < edge && !isEdit ? edge + Self.edgeTime : max(edge, since) + Self.lateEdgeTime
        guard timeline.now > deadline, !keepsBounds(scaler) else { return }
        note(
            "\(scaler) has not met the edge of its schedule at \(edge / 1_000) ms, with \(terms.last?.operator ?? "nobody") "
                + "as the leader since \((terms.last?.since ?? 0) / 1_000) ms")
    }

    // MARK: What is left

    /// - Parameter remains: of every operator that has ended.
    func checkLeftovers(_ leftovers: [Leftovers]) {
        for one in leftovers where violation == nil {
            if let unfinished = one.unfinished { note("\(one.name) has ended and left \(unfinished)") }
        }
        timeline.removeAll()
        clocks = [:]
        for one in leftovers where violation == nil && one.isHeld {
            note("\(one.name) has ended and something still holds on to it: a task that never ends, or a circle")
        }
    }
}
