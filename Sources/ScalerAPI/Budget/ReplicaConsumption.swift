package import Scaling

/// What is known of the consumption of one scaler's replicas.
package struct ReplicaConsumption: Sendable, Hashable {
    package var labels: [String: String]
    package var namespaceLabels: [String: String]
    /// What the scaler itself says, by unit: ``GeneralScalerSpec/declaredConsumption``.
    package var declared: [String: BudgetAmount]
    /// What the pod template of the target requests; nil if that is unknown.
    package var requests: PodRequests?

    package init(
        labels: [String: String], namespaceLabels: [String: String], declared: [String: BudgetAmount],
        requests: PodRequests? = nil
    ) {
        self.labels = labels
        self.namespaceLabels = namespaceLabels
        self.declared = declared
        self.requests = requests
    }
}

extension ScalingBudgetSpec {
    /// Returns what one replica of a member consumes of a unit: the first that is known of the budget's `consumption`,
    /// the scaler's own spec, and the requests of the pod template; nil if none is.
    package func consumption(of unit: String, by member: ReplicaConsumption) -> BudgetAmount? {
        if unit == Self.replicas { return BudgetAmount(1) }
        for entry in consumption
        where entry.selector.matches(labels: member.labels, namespaceLabels: member.namespaceLabels) {
            if let amount = entry.amounts[unit] { return amount }
        }
        return member.declared[unit] ?? member.requests?.amount(of: unit)
    }
}

extension GeneralScalerSpec {
    /// What the spec says that one replica consumes, by unit: `spec.consumption`, and as `cost` the
    /// `costPerPodPerHour` of the policy.
    package var declaredConsumption: [String: BudgetAmount] {
        var amounts = consumption
        if let policy = policy as? CostPolicy {
            amounts[ScalingBudgetSpec.cost] = BudgetAmount(policy.costPerPodPerHour)
                .flatMap { $0 <= .largestConsumption ? $0 : nil }
        }
        return amounts
    }
}
