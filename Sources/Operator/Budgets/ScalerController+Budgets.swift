import KubernetesClient
import ScalerAPI
import Scaling
import SystemIO
import TimeZones

// Shared budgets: who is under which, and what each scaler may have.
extension ScalerController {
    /// How long replicas count that a scale operation without a confirmation may still add.
    static let unconfirmedTime: Duration = .seconds(60)

    // MARK: Changes

    /// Reads all budgets at the beginning of a term.
    func loadBudgets() async {
        guard let budgets = dependencies.budgets else { return }
        await budgets.waitUntilKnown()
        for budget in budgets.all { takeBudget(budget.name) }
    }

    /// Handles that all budgets are in the ledger: what was held for them is decided again.
    func beginBudgets() {
        knowsBudgets = true
        for state in states.values { decideAgain(state) }
    }

    /// Polls a scaler at once if its last decision was held because the budgets were not known.
    func decideAgain(_ state: ScalerState) {
        guard state.isHeldForBudgets else { return }
        state.isHeldForBudgets = false
        pollNow(state.identity)
    }

    /// Handles a new, changed or deleted budget.
    func takeBudget(_ name: String) {
        guard let budget = dependencies.budgets?[name], !budget.isBeingDeleted else {
            ledger.removeBudget(name)
            budgetReports[name] = nil
            dependencies.memory?.forgetBudget(name)
            return
        }
        // A write of the status alone changes only the version.
        if budgetReports[name]?.generation == budget.generation, budgetReports[name]?.uid == budget.uid {
            budgetReports[name]?.notice(version: budget.resourceVersion)
            return
        }
        ledger.set(BudgetAccount(budget, spec: budget.effective(zones: TimeZoneDirectory.system)))
        budgetReports[name, default: BudgetReport(budget)].begin(budget)
        for key in states.keys { updateMembership(of: key) }
    }

    /// Handles changed labels of a namespace.
    func takeNamespace(_ name: String) {
        guard !ledger.isEmpty else { return }
        for key in states.keys where key.namespace == name { updateMembership(of: key) }
    }

    /// Finds the budgets of a scaler by its labels.
    func updateMembership(of key: ObjectKey) {
        guard !ledger.isEmpty, let state = states[key] else { return }
        let profile = ReplicaConsumption(
            labels: state.labels,
            namespaceLabels: dependencies.budgets?.labels(ofNamespace: key.namespace) ?? [:],
            declared: (try? state.spec.get())?.declaredConsumption ?? [:],
            requests: state.requests)
        ledger.update(key, profile, use: storedUse(of: state))
    }

    /// What the status says about the replicas of a scaler that has not been polled in this term; nil if nothing.
    private func storedUse(of state: ScalerState) -> BudgetAccount.Use? {
        guard let seen = state.history.lastSeenReplicas else { return nil }
        let held = max(seen, unconfirmedReplicas(of: state), state.history.pendingScale?.to ?? 0)
        return BudgetAccount.Use(held: held, minimum: 0, demand: held, mayBorrow: true)
    }

    private func unconfirmedReplicas(of state: ScalerState) -> Int {
        guard let unconfirmed = state.unconfirmed, dependencies.time.elapsed() < unconfirmed.until else { return 0 }
        return unconfirmed.replicas
    }

    /// Takes over the scale operations of a predecessor that may still be applied.
    func inheritUnconfirmed(from status: ScalerStatus, _ state: ScalerState) {
        if let pending = state.history.pendingScale { keepUnconfirmed(from: pending.from, to: pending.to, state) }
        // Without observed replicas, the status is of another target.
        guard let replicas = status.unconfirmedReplicas, let seen = state.history.lastSeenReplicas else { return }
        keepUnconfirmed(from: seen, to: replicas, state)
    }

    /// Records what the target of a scaler requests.
    func noteRequests(_ requests: PodRequests?, _ state: ScalerState) {
        guard state.requests != requests else { return }
        state.requests = requests
        updateMembership(of: state.identity.key)
    }

    // MARK: Decisions

    /// Decides within the budgets of the scaler, and reserves the replicas that the decision adds.
    ///
    /// Runs in one turn of the actor, so that two scalers cannot take the same replica.
    func decideWithinBudgets(_ input: DecisionInput, _ state: ScalerState) -> DecisionOutcome {
        let key = state.identity.key
        guard knowsBudgets else { return decideBeforeBudgets(input, state) }
        state.isHeldForBudgets = false
        guard ledger.isMember(key) else { return DecisionEngine.decide(input) }
        // The replicas of a shared target count for the scaler that owns it.
        let isOfOther = state.target.map { claims.holder(of: $0, otherThan: state.identity) != nil } ?? false
        let held = isOfOther ? 0 : max(input.current, unconfirmedReplicas(of: state))
        return ledger.grant(input, ledger.ask(input, for: key, held: held), to: key)
    }

    /// Decides while the API server has not returned the budgets: any scaler may be under one.
    private func decideBeforeBudgets(_ input: DecisionInput, _ state: ScalerState) -> DecisionOutcome {
        var input = input
        input.sharedBudget = .unread(replicas: max(input.current, unconfirmedReplicas(of: state)))
        let outcome = DecisionEngine.decide(input)
        state.isHeldForBudgets = outcome.decision.limitedBy.contains(.budget)
        return outcome
    }

    /// Records that a target has a known number of replicas after a scale operation.
    func settleBudgets(_ replicas: Int, _ state: ScalerState) {
        state.unconfirmed = nil
        ledger.settle(replicas, for: state.identity.key)
    }

    /// Records that a scale-up may still be applied, beside others that may.
    func keepUnconfirmed(from current: Int, to replicas: Int, _ state: ScalerState) {
        guard replicas > current else { return }
        state.unconfirmed = UnconfirmedScale(
            from: current, replicas: max(replicas, unconfirmedReplicas(of: state)),
            until: dependencies.time.elapsed() + Self.unconfirmedTime)
    }

    /// Records that a scale operation was refused or not sent. Earlier ones may still be applied.
    func settleRefused(_ current: Int, _ state: ScalerState) {
        ledger.settle(max(current, unconfirmedReplicas(of: state)), for: state.identity.key)
    }

    /// Drops unconfirmed scale operations that no longer count.
    ///
    /// - Parameter observed: the target's replicas; nil if they could not be read.
    func reviewUnconfirmed(_ observed: Int?, _ state: ScalerState) {
        guard let unconfirmed = state.unconfirmed else { return }
        // Every operation was conditional on a version of the target with the same replicas. With others, one of them
        // was applied or another client has changed the target, and the API server rejects the rest.
        let isDecided = observed.map { $0 != unconfirmed.from } ?? false
        guard isDecided || dependencies.time.elapsed() >= unconfirmed.until else { return }
        state.unconfirmed = nil
        state.isStatusWritten = false
    }

    /// Records that a poll could not read the replicas. What is known stays; a target that does not exist has none.
    func noteBlocked(_ blocker: Blocker, _ key: ObjectKey) {
        if ledger.isMember(key), let state = states[key], state.requests == nil, let target = state.target {
            noteRequests(dependencies.targets.cachedRequests(of: target, namespace: key.namespace), state)
        }
        guard ledger.isMember(key), blocker.reason == .targetNotFound || ledger.use(of: key) == nil else { return }
        ledger.set(BudgetAccount.Use(held: 0, minimum: 0, demand: 0, mayBorrow: true), of: key)
    }
}
