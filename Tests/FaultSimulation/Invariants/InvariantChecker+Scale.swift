import ClusterSimulator
import WireFormats

// Invariants of a scale patch that the API server accepted.
extension InvariantChecker {
    /// A metric has to be without a value for 180 s, and a poll may count as earlier by a tenth of an interval.
    private static let fallbackTime: Int64 = 178_000_000
    /// In microseconds.
    private static let maxClockSkew: Int64 = 60_000_000

    func checkScale(
        _ request: APIRequest, _ answer: APIResponse, before: Int, by replica: String, sentAt: Int64, isAwaited: Bool
    ) {
        let target = request.objectName
        let body = try? JSON(parsing: request.body)
        guard let to = body?["spec"]?["replicas"]?.intValue else { return note("a scale patch without replicas") }
        trace.add(timeline.now, replica, "scales \(target) from \(before) to \(to)")
        if body?["metadata"]?["resourceVersion"]?.stringValue == nil {
            return note("\(replica) scaled \(target) without saying which version of it it had decided on")
        }
        guard let (uid, index) = pending(for: target, from: before, to: to, by: replica),
            let pending = pendings[uid]?[index]
        else {
            return note(
                "\(replica) scaled \(target) from \(before) to \(to), which no decision that was written down and not "
                    + "yet carried out says")
        }
        pendings[uid]?[index].isUsed = true
        var scale = AcceptedScale(
            time: timeline.now, sentAt: sentAt, replica: replica, target: target, from: before, to: to,
            pending: pending, isKnown: isAwaited && openPending[uid] == pending.at)
        let versions = versions(of: uid, in: window(upTo: pending.sentAt))
        scale.startsCooldown = versions.allSatisfy {
            let plan = $0.plan.effective(at: pending.at)
            return plan.least...plan.most ~= before
        }
        let faults = versions.map { ($0, fault(scale, $0)) }
        defer {
            scales.append(scale)
            noteReplicas(scale)
        }
        if let why = pauseFault(scale) { return note(why) }
        let known = window(upTo: pending.sentAt).lowerBound...timeline.now
        if let why = overspend(scale, versions, in: known) {
            return note("\(replica) scaled \(target) from \(before) to \(to) for \(pending.scaler): \(why)")
        }
        guard faults.allSatisfy({ $0.1 != nil }) else { return }
        let (version, why) = faults.last.map { ($0.0.name, $0.1 ?? "") } ?? (pending.scaler, "it is gone for long")
        note("\(replica) scaled \(target) from \(before) to \(to) for \(version): \(why)")
    }

    /// Returns the period in which the operator's knowledge may have been current.
    private func window(upTo time: Int64) -> ClosedRange<Int64> {
        max(0, time - Timeline.microseconds(faults.blindness))...time
    }

    private func versions(of uid: String, in window: ClosedRange<Int64>) -> [ScalerVersion] {
        versions.sorted { $0.key < $1.key }.flatMap(\.value).filter { $0.uid == uid && $0.stood(in: window) }
    }

    /// Returns the newest match; if two scalers match, the one of the target's current owner, if any.
    private func pending(for target: String, from: Int, to: Int, by replica: String) -> (uid: String, index: Int)? {
        let known = window(upTo: timeline.now)
        let ofTarget = versions.values.joined().filter { $0.plan.target == target && $0.stood(in: known) }
        let now = Set(ofTarget.filter { $0.until == nil }.map(\.uid))
        return pending(of: now, from, to, replica) ?? pending(of: Set(ofTarget.map(\.uid)), from, to, replica)
    }

    private func pending(of scalers: Set<String>, _ from: Int, _ to: Int, _ replica: String) -> (
        uid: String, index: Int
    )? {
        var newest: (uid: String, index: Int, sentAt: Int64)?
        for uid in scalers.sorted() {
            for (index, pending) in (pendings[uid] ?? []).enumerated()
            where !pending.isUsed && pending.from == from && pending.to == to && pending.replica == replica
                && pending.sentAt >= newest?.sentAt ?? .min
            {
                newest = (uid, index, pending.sentAt)
            }
        }
        return newest.map { ($0.uid, $0.index) }
    }

    /// Checks that the operator-wide pause stops every patch within one poll.
    private func pauseFault(_ scale: AcceptedScale) -> String? {
        let window = window(upTo: scale.decidedBy)
        let current = pauses.lastIndex { $0.since <= window.lowerBound } ?? 0
        let wasPausedThroughout = pauses[current...].filter { $0.since <= window.upperBound }.allSatisfy(\.isPaused)
        return wasPausedThroughout ? "\(scale.replica) scaled \(scale.target) while the operator was paused" : nil
    }

    // MARK: By one version of the spec

    /// Returns the violation of that version of the scaler's spec; nil if there is none.
    private func fault(_ scale: AcceptedScale, _ version: ScalerVersion) -> String? {
        let plan = version.plan.effective(at: scale.pending.at)
        guard plan.target == scale.target else { return "that scaler scales something else" }
        guard plan.claimsTarget else { return plan.isPaused ? "it is paused" : "it is a dry run" }
        if let owner = ownershipFault(scale, version) { return owner }
        guard plan.least...plan.most ~= scale.to else { return "that is out of \(plan.least)...\(plan.most)" }
        guard plan.least...plan.most ~= scale.from else {
            let bound = min(max(scale.from, plan.least), plan.most)
            return scale.to == bound ? nil : "it should have gone to \(bound) at once"
        }
        if scale.isUp { return upFault(scale, plan) }
        return downFault(scale, plan)
    }

    /// Checks that the oldest scaler that claims a target owns it; of several created in the same second, the one that
    /// already scales it.
    private func ownershipFault(_ scale: AcceptedScale, _ version: ScalerVersion) -> String? {
        let window = window(upTo: scale.decidedBy)
        let claims = versions.values.joined().filter { $0.plan.target == scale.target && $0.plan.claimsTarget }
        let moments = [window.lowerBound] + claims.flatMap { [$0.since, $0.until ?? 0] }.filter(window.contains)
        let owned = moments.contains { moment in
            let standing = claims.filter { $0.since <= moment && $0.until ?? .max >= moment }
            // At the moment of a change, both are correct.
            let others = standing.filter { $0.uid != version.uid && $0.until != moment && $0.since != moment }
            return others.allSatisfy { version.created <= $0.created }
        }
        guard owned else { return "an older scaler has that target" }
        return tieFault(scale, version, others: Set(claims.filter { $0.created == version.created }.map(\.uid)))
    }

    /// Checks scalers created in the same second: one that has scaled the target keeps it while it claims it. With
    /// differing clocks the order is unknown.
    private func tieFault(_ scale: AcceptedScale, _ version: ScalerVersion, others: Set<String>) -> String? {
        guard !faults.has(.clockJump), !faults.has(.skew) else { return nil }
        let last = scales.last { $0.target == scale.target && $0.isKnown && $0.startsCooldown }
        guard let last, last.pending.uid != version.uid, others.contains(last.pending.uid),
            claimsThroughout(last.pending.uid, scale.target, since: last.decidedBy),
            claimsThroughout(version.uid, scale.target, since: last.decidedBy)
        else { return nil }
        return "\(last.pending.scaler), created in the same second, scales that target already"
    }

    /// Returns whether the scaler has claimed the target without interruption since well before that time.
    private func claimsThroughout(_ uid: String, _ target: String, since time: Int64) -> Bool {
        let start = window(upTo: time).lowerBound
        let later = versions.values.joined().filter { $0.uid == uid && $0.until ?? .max >= start }
        guard let first = later.map(\.since).min(), first <= start, later.contains(where: { $0.until == nil }) else {
            return false
        }
        return later.allSatisfy { $0.plan.target == target && $0.plan.claimsTarget }
    }

    private func upFault(_ scale: AcceptedScale, _ plan: ScalerPlan) -> String? {
        if let cap = plan.cap, scale.to > max(cap, plan.least) { return "the budget allows at most \(cap)" }
        let mayFallBack = [.static, .ifHigher].contains(plan.fallback) && hasFailures(scale, plan)
        let asksForMore = plan.metrics.contains { series in
            recent(series, scale, plan).contains { reading in
                guard let value = usable(reading, series, scale, plan) else { return false }
                if scale.from == 0 { return value > 0 }
                let load = series.isAverage && plan.forecast == .active ? mostExpected(value) : value
                return load > Series.target * (series.isAverage ? Double(scale.from) : 1)
            }
        }
        guard asksForMore || mayFallBack else { return "no metric asked for more" }
        if scale.from == 0, asksForMore { return nil }
        if scale.to - scale.from > plan.upStep(from: scale.from) { return "that is more than maxScaleUpRate at once" }
        if let fault = spacingFault(scale, plan) { return fault }
        if mayFallBack { return nil }
        let last = lastScale(before: scale) { $0.isUp }
        if let seconds = plan.upCooldown {
            return cooldownFault(scale, plan, since: last, seconds)
        }
        if let seconds = plan.cooldown {
            return cooldownFault(scale, plan, since: lastScale(before: scale) { _ in true }, seconds)
        }
        return cooldownFault(scale, plan, since: last, 15)
    }

    private func downFault(_ scale: AcceptedScale, _ plan: ScalerPlan) -> String? {
        let (isUnderBudget, isImmediate) = budgetEffect(on: scale, in: window(upTo: scale.decidedBy))
        if isImmediate { return nil }
        if let fault = spacingFault(scale, plan) { return fault }
        let mayFallBack = [.static, .ifLower].contains(plan.fallback) && hasFailures(scale, plan)
        if scale.to == 0 {
            if isIdle(scale, plan) { return nil }
            // No policy recommends 0.
            guard isUnderBudget || mayFallBack && plan.fallbackReplicas == 0 else {
                return "it was not idle for long enough"
            }
        }
        guard plan.downStep(from: scale.from) > 0 else { return "maxScaleDownRate forbids scaling down" }
        if scale.from - scale.to > plan.downStep(from: scale.from) {
            return "that is more than maxScaleDownRate at once"
        }
        let last = lastScale(before: scale) { _ in true }
        if let fault = cooldownFault(scale, plan, since: last, plan.effectiveDownCooldown) { return fault }
        if let cap = plan.cap, scale.to >= max(cap, plan.least) { return nil }
        if mayFallBack || isUnderBudget { return nil }
        for series in plan.metrics {
            let values = recent(series, scale, plan).map { usable($0, series, scale, plan) }
            if values.allSatisfy({ $0 == nil }) { return "\(series.name) had no value" }
            let limit = Series.target * (series.isAverage ? Double(scale.from) : 1)
            if !values.contains(where: { $0.map { $0 <= limit } ?? false }) { return "\(series.name) asked for more" }
        }
        let floor = min(leastRecommended(scale, plan), plan.most)
        guard scale.to < floor else { return nil }
        let rule = plan.forecast == nil ? "" : ", and a forecast must not lower the desired replicas"
        return "its metrics ask for at least \(floor)\(rule)"
    }

    /// Returns the lowest recommendation that the readings allow without a forecast.
    private func leastRecommended(_ scale: AcceptedScale, _ plan: ScalerPlan) -> Int {
        let perMetric = plan.metrics.map { series in
            let values = recent(series, scale, plan).compactMap { usable($0, series, scale, plan) }
            let replicas = values.map { value in
                let exact = value / Series.target * (series.isAverage ? 1 : Double(scale.from)) - 1e-9
                return Int(max(0, min(exact.rounded(.up), Double(Int32.max))))
            }
            return replicas.min() ?? 0
        }
        return perMetric.max() ?? 0
    }

    /// Returns the most that a forecast may expect after a reading.
    private func mostExpected(_ value: Double) -> Double {
        // After a wrong reading, nothing is known about the load.
        faults.has(.pluginLies) ? .infinity : (value + Series.target) * PastLoad.mostGrowth - Series.target
    }

    // MARK: Times

    private func lastScale(before scale: AcceptedScale, where matches: (AcceptedScale) -> Bool) -> AcceptedScale? {
        scales.last { $0.pending.uid == scale.pending.uid && $0.isKnown && $0.startsCooldown && matches($0) }
    }

    private func spacingFault(_ scale: AcceptedScale, _ plan: ScalerPlan) -> String? {
        cooldownFault(scale, plan, since: lastScale(before: scale) { _ in true }, plan.interval)
    }

    /// Checks the cooldown between two decisions, with the differing and jumping clocks of this environment. A poll
    /// that is late by less than a tenth of its interval counts as on time.
    private func cooldownFault(
        _ scale: AcceptedScale, _ plan: ScalerPlan, since last: AcceptedScale?, _ seconds: Int
    ) -> String? {
        guard let last, let clock = clocks[scale.replica], let lastClock = clocks[last.replica] else { return nil }
        let then = lastClock.offsets(since: last.decidedBy - 120_000_000)
        let now = clock.offsets(since: last.decidedBy - 120_000_000)
        // Setting a clock back also moves stored times ("in the future is now"), and setting it forward again makes the
        // cooldown elapse. The same applies to a leader in between.
        let writers = (statusWriters[scale.pending.uid] ?? []).compactMap { clocks[$0] }
            .map { $0.offsets(since: last.decidedBy - 120_000_000).lowerBound }
        let earliest = writers.reduce(min(then.lowerBound, now.lowerBound), min)
        let skew = max(0, now.upperBound - earliest)
        let lateness = Int64(plan.interval) * 100_000
        // By the latest time of the decision; a longer time counts from the decision.
        let since = max(last.pending.at - SimulatedClock.epoch - then.upperBound, last.decidedBy - 120_000_000)
        let passed = scale.time - since
        guard passed + skew + lateness + 1_000_000 < Int64(seconds) * 1_000_000 else { return nil }
        return "only \(passed / 1_000_000) of \(seconds) s have passed since it went from \(last.from) to \(last.to)"
    }

    // MARK: Readings

    /// Returns the readings on which the decision may be based.
    private func recent(_ series: Series, _ scale: AcceptedScale, _ plan: ScalerPlan) -> [ServedReading] {
        let first = scale.decidedBy - Int64(plan.interval) * 1_000_000 - Timeline.microseconds(faults.slowness)
        return (readings[series.name] ?? []).reversed().prefix { $0.at >= first }
            .filter { $0.replica == scale.replica && $0.at <= scale.decidedBy }
    }

    /// Returns the value, unless it is invalid, or is outdated or from the future by all times that the operator's
    /// clock showed until the decision.
    private func usable(
        _ reading: ServedReading, _ series: Series, _ scale: AcceptedScale, _ plan: ScalerPlan
    ) -> Double? {
        guard let value = reading.value, series.isAverage || value >= 0 else { return nil }
        let offsets = clocks[scale.replica]?.offsets(since: reading.startedAt) ?? 0...0
        let youngest = age(of: reading, at: reading.startedAt, offset: offsets.lowerBound)
        let oldest = age(of: reading, at: scale.decidedBy, offset: offsets.upperBound)
        return youngest > maxAge(plan) || oldest < -Self.maxClockSkew ? nil : max(0, value)
    }

    /// Returns whether the reading may have counted as missing, by any time that the operator's clock has shown since.
    private func mayHaveFailed(
        _ reading: ServedReading, _ series: Series, _ scale: AcceptedScale, _ plan: ScalerPlan
    ) -> Bool {
        let offsets = clocks[scale.replica]?.offsets(since: reading.startedAt) ?? 0...0
        return usable(reading, series, scale, plan) == nil
            || age(of: reading, at: reading.startedAt, offset: offsets.upperBound) > maxAge(plan)
            || age(of: reading, at: reading.startedAt, offset: offsets.lowerBound) < -Self.maxClockSkew
    }

    private func age(of reading: ServedReading, at time: Int64, offset: Int64) -> Int64 {
        SimulatedClock.epoch + time + offset - reading.observedAt
    }

    private func maxAge(_ plan: ScalerPlan) -> Int64 { Int64(max(60, 3 * plan.interval)) * 1_000_000 }

    /// Returns whether a metric has failed for long enough for a fallback: three minutes without a value. The number of
    /// polls cannot be observed, because polls in quick succession share a reading.
    private func hasFailures(_ scale: AcceptedScale, _ plan: ScalerPlan) -> Bool {
        plan.metrics.contains { series in
            let all = (readings[series.name] ?? []).filter { $0.replica == scale.replica && $0.at <= scale.decidedBy }
            let soon = Int64(plan.interval) * 900_000
            // This scaler may not have seen another scaler's reading that was replaced before its next poll.
            let streak = all.indices.reversed().prefix { index in
                mayHaveFailed(all[index], series, scale, plan)
                    || index + 1 < all.count && all[index + 1].at - all[index].at < soon
            }
            guard let first = streak.last.map({ all[$0] }) else { return false }
            let offsets = clocks[scale.replica]?.offsets(since: first.startedAt) ?? 0...0
            let lasted = scale.decidedBy - first.startedAt + offsets.upperBound - offsets.lowerBound
            return lasted >= Self.fallbackTime
        }
    }

    /// Returns whether every metric is at most 0, and was for the whole scale-down cooldown as far as this operator has
    /// read it.
    private func isIdle(_ scale: AcceptedScale, _ plan: ScalerPlan) -> Bool {
        let clock = clocks[scale.replica]
        let cooldown = Int64(plan.effectiveDownCooldown) * 1_000_000
        let offsets = clock?.offsets(since: scale.decidedBy - cooldown) ?? 0...0
        let lenience = (offsets.upperBound - offsets.lowerBound) + Int64(2 * plan.interval) * 1_000_000
        return plan.metrics.allSatisfy { series in
            let fresh = recent(series, scale, plan)
            guard fresh.contains(where: { usable($0, series, scale, plan).map { $0 <= 0 } ?? false }) else {
                return false
            }
            let oldest = fresh.last?.at ?? scale.decidedBy
            let older = (readings[series.name] ?? []).filter {
                $0.replica == scale.replica && $0.at > scale.decidedBy - cooldown + lenience && $0.at < oldest
            }
            // A single reading may belong to a failed poll.
            return older.count { usable($0, series, scale, plan).map { $0 > 0 } ?? true } < 2
        }
    }
}
