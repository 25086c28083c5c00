package import Scaling

/// The validated `spec` of a ScalingBudget.
package struct ScalingBudgetSpec: Sendable {
    package enum Mode: String, Sendable, CaseIterable {
        /// The caps apply.
        case enforce = "Enforce"
        /// The caps are only reported.
        case report = "Report"
    }

    package enum Reclaim: String, Sendable, CaseIterable {
        /// Borrowers give replicas back by their own cooldowns and rates.
        case graceful = "Graceful"
        /// Borrowers give replicas back at their next poll.
        case immediate = "Immediate"
    }

    /// What happens to the members of a budget that is invalid and never was valid.
    package enum InvalidBehavior: String, Sendable, CaseIterable {
        /// They may not be scaled up.
        case hold = "Hold"
        case ignore = "Ignore"
    }

    package struct Limit: Sendable, Hashable {
        package var unit: String
        package var amount: BudgetAmount

        package init(unit: String, amount: BudgetAmount) {
            self.unit = unit
            self.amount = amount
        }
    }

    /// What one replica of some members consumes.
    package struct Consumption: Sendable, Hashable {
        package var selector: ScalerSelector
        package var amounts: [String: BudgetAmount]
    }

    /// How some members share the limits.
    package struct Share: Sendable, Hashable {
        package var name: String
        package var selector: ScalerSelector
        /// By unit.
        package var guarantee: [String: BudgetAmount]
        package var weight: Int
        package var priority: Int
    }

    package var selector: ScalerSelector
    package var limits: [Limit]
    /// The targets of these are amounts by unit.
    package var windows: [Schedule]
    package var consumption: [Consumption]
    package var sharing: [Share]
    package var mode: Mode
    package var reclaim: Reclaim
    package var onInvalid: InvalidBehavior

    /// The unit that counts money. Its limits are per hour.
    package static let cost = "cost"
    /// The unit that counts replicas: each consumes 1.
    package static let replicas = "replicas"

    package enum Bounds {
        package static let limits = 1...8
        package static let consumption = 0...64
        package static let sharing = 0...64
        package static let priority = -1_000_000...1_000_000
    }

    /// Returns the limit of a unit at a time, as the windows have it.
    package func amount(of limit: Limit, at now: Timestamp) -> BudgetAmount {
        for window in windows where window.window(at: now) != nil {
            if let amount = window.targets[limit.unit].flatMap({ BudgetAmount($0) }) { return amount }
        }
        return limit.amount
    }
}
