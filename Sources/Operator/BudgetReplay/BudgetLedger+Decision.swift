import KubernetesClient
import ScalerAPI
import Scaling

extension BudgetLedger {
    /// Returns what a scaler would be set to without its budgets, and records that it asks for it.
    ///
    /// - Parameter held: the replicas that count as its own.
    mutating func ask(_ input: DecisionInput, for key: ObjectKey, held: Int) -> DecisionOutcome {
        let demand = DecisionEngine.decide(input)
        // A scaler that may not patch keeps what its target has.
        let wanted = input.isFixed ? held : demand.decision.desired
        let minReplicas = input.spec.effective(at: input.now).spec.minReplicas
        let canShrink = input.spec.safety.maxScaleDownRate.step(from: max(held, 1)) > 0
        set(
            BudgetAccount.Use(
                held: held, minimum: input.isFixed ? held : min(minReplicas, wanted), demand: wanted,
                mayBorrow: canShrink),
            of: key)
        return demand
    }

    /// Decides within the budgets of a scaler, and reserves the replicas that the decision adds.
    ///
    /// - Parameter demand: the outcome of ``ask(_:for:held:)`` with the same input.
    mutating func grant(_ input: DecisionInput, _ demand: DecisionOutcome, to key: ObjectKey) -> DecisionOutcome {
        guard !input.isFixed, let cap = cap(of: key, at: input.now) else { return demand }
        var outcome = demand
        if demand.decision.desired <= cap.replicas {
            // The same input with a cap that does not bind gives the same decision.
            outcome.decision.sharedBudget = cap
        } else {
            var input = input
            input.sharedBudget = cap
            outcome = DecisionEngine.decide(input)
        }
        reserve(outcome.decision.desired, for: key)
        return outcome
    }
}

extension DecisionInput {
    /// Whether the decision cannot change the target.
    fileprivate var isFixed: Bool { !holds.isEmpty || spec.isPaused || spec.isDryRun }
}
