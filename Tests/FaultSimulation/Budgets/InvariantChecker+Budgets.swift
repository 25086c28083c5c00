import WireFormats

// Invariants of shared budgets while faults occur: no overspend.
extension InvariantChecker {
    /// How long a leader counts a scale operation of unknown outcome. A write that arrives later may overspend.
    static let unconfirmedTime: Int64 = 60_000_000

    // MARK: What people did

    func budgetChanged(_ plan: BudgetPlan) {
        budgetDeleted(plan.name)
        budgets[plan.name, default: []].append(BudgetVersion(plan: plan, since: timeline.now, until: nil))
        trace.add(timeline.now, "people", "\(plan.name) is \(plan.summary)")
    }

    func budgetDeleted(_ name: String) {
        guard let last = budgets[name]?.indices.last, budgets[name]?[last].until == nil else { return }
        budgets[name]?[last].until = timeline.now
        trace.add(timeline.now, "people", "\(name) ends")
    }

    // MARK: What operators did

    /// The versions of all budgets over a scaler in a period, by name.
    private func budgets(of scaler: String, in window: ClosedRange<Int64>) -> [[BudgetVersion]] {
        budgets.sorted { $0.key < $1.key }.map { entry in
            entry.value.filter { $0.stood(in: window) && $0.plan.consumption[scaler] != nil }
        }.filter { !$0.isEmpty }
    }

    /// Whether a budget may have taken replicas from the scaler; and whether regardless of cooldowns and rates.
    func budgetEffect(on scale: AcceptedScale, in window: ClosedRange<Int64>) -> (isUnder: Bool, isImmediate: Bool) {
        let own = budgets(of: scale.pending.scaler, in: window).joined()
        return (!own.isEmpty, own.contains { $0.plan.isImmediate })
    }

    /// Records the replicas that a scale operation gave its target.
    func noteReplicas(_ scale: AcceptedScale) {
        let isLate = isLate(scale)
        if isLate { trace.add(timeline.now, "checker", "a write of \(scale.replica) came late") }
        replicaChanges[scale.target, default: []].append(
            ReplicaChange(at: timeline.now, replicas: scale.to, isOwn: !isLate))
    }

    /// Whether nobody had to count the operation any more when it was carried out.
    private func isLate(_ scale: AcceptedScale) -> Bool {
        let takeover = terms.first { $0.operator != scale.replica && $0.since > scale.sentAt }?.since
        // A later successor does not know of it.
        let isInherited = takeover.map { $0 - scale.sentAt <= Self.unconfirmedTime } ?? false
        return timeline.now - (isInherited ? takeover ?? scale.sentAt : scale.sentAt) > Self.unconfirmedTime
    }

    /// Checks that a scale-up fits into each budget, by the least that others can have had and the most that the budget can
    /// have allowed within the operator's knowledge.
    func overspend(_ scale: AcceptedScale, _ versions: [ScalerVersion], in window: ClosedRange<Int64>) -> String? {
        guard scale.isUp, !isLate(scale) else { return nil }
        // A jump to minReplicas has precedence.
        guard !versions.contains(where: { scale.to <= $0.plan.effective(at: scale.pending.at).least }) else {
            return nil
        }
        for versions in budgets(of: scale.pending.scaler, in: window) {
            // Without a budget at some time in the period, nothing is forbidden.
            guard let first = versions.first, first.since <= window.lowerBound,
                zip(versions, versions.dropFirst()).allSatisfy({ $0.until == $1.since }), versions.last?.until == nil
            else { continue }
            let limit = versions.map(\.plan.limit).max() ?? 0
            let own = scale.to * (first.plan.consumption[scale.pending.scaler] ?? 0)
            let others = leastUse(of: first.plan, except: scale.target, in: window)
            guard own + others.sum > limit else { continue }
            return "\(first.plan.name) has \(limit), and others use at least \(others.text)"
        }
        return nil
    }

    private func leastUse(
        of plan: BudgetPlan, except target: String, in window: ClosedRange<Int64>
    ) -> (sum: Int, text: String) {
        let all = versions.sorted { $0.key < $1.key }.flatMap(\.value).filter { $0.stood(in: window) }
        var (sum, parts) = (0, [String]())
        for other in Set(all.map(\.plan.target)).sorted() where other != target {
            let scalers = all.filter { $0.plan.target == other }
            // One of its scalers has to count it, whichever that is.
            let amounts = scalers.map { plan.consumption[$0.name] ?? 0 }
            let isKnown = scalers.contains { scaler in
                scaler.since <= window.lowerBound
                    && all.filter { $0.name == scaler.name }.allSatisfy {
                        $0.uid == scaler.uid && $0.plan.target == other
                    }
                    && versions[scaler.name]?.last?.until == nil
            }
            guard isKnown, let least = amounts.min(), least > 0 else { continue }
            let replicas = leastReplicas(of: other, in: window)
            sum += replicas * least
            parts.append("\(replicas) x \(least) of \(other)")
        }
        return (sum, "\(sum) (\(parts.joined(separator: ", ")))")
    }

    /// Returns the replicas of a target, or fewer if other clients changed them within the period.
    private func leastReplicas(of target: String, in window: ClosedRange<Int64>) -> Int {
        let current = cluster.replicas(of: target) ?? 0
        let changes = replicaChanges[target] ?? []
        let isForeign = changes.contains { $0.at >= window.lowerBound && !$0.isOwn }
        guard isForeign else { return current }
        let before = changes.last { $0.at < window.lowerBound }?.replicas ?? 0
        return changes.filter { $0.at >= window.lowerBound }.map(\.replicas).reduce(min(before, current), min)
    }
}

/// A change of a target's replicas.
struct ReplicaChange {
    let at: Int64
    let replicas: Int
    /// Whether an operator changed them, so that it knows it.
    let isOwn: Bool
}
