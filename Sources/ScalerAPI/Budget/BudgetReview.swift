package import Scaling

/// What to know of a budget before it takes effect. Pure.
package struct BudgetReview {
    /// A scaler that the budget may select.
    package struct Scaler: Sendable {
        /// Such as `shop/checkout`.
        package var name: String
        package var consumption: ReplicaConsumption
        package var minReplicas: Int
        /// Whether the target may be at 0.
        package var mayScaleToZero: Bool
        /// The replicas that it has; nil if unknown.
        package var replicas: Int?

        package init(
            name: String, consumption: ReplicaConsumption, minReplicas: Int, mayScaleToZero: Bool, replicas: Int?
        ) {
            self.name = name
            self.consumption = consumption
            self.minReplicas = minReplicas
            self.mayScaleToZero = mayScaleToZero
            self.replicas = replicas
        }
    }

    private let spec: ScalingBudgetSpec
    private let members: [Scaler]
    private let now: Timestamp

    /// The most members that one warning names.
    private static let maxNames = 3

    /// - Parameters:
    ///   - scalers: all known scalers.
    ///   - now: decides which windows are active.
    package init(_ spec: ScalingBudgetSpec, scalers: [Scaler], at now: Timestamp) {
        self.spec = spec
        self.now = now
        members = scalers.filter { $0.isSelected(by: spec.selector) }.sorted { $0.name < $1.name }
    }

    /// Returns the warnings, the most important first.
    package var warnings: [String] {
        guard !members.isEmpty else {
            return ["spec.selector and spec.namespaceSelector select no GeneralScaler"] + windowWarnings
        }
        return spec.limits.flatMap(warnings) + startWarnings + entryWarnings + windowWarnings
    }

    // MARK: Limits

    private func warnings(_ limit: ScalingBudgetSpec.Limit) -> [String] {
        let amounts = members.map { ($0, spec.consumption(of: limit.unit, by: $0.consumption)) }
        let unknown = amounts.filter { $0.1 == nil }.map(\.0.name)
        if !unknown.isEmpty { return [unknownWarning(limit, unknown)] }
        if !isNamed(limit.unit) {
            return [
                "no member consumes \(limit.unit): neither spec.consumption, a GeneralScaler nor a pod template names "
                    + "this unit"
            ]
        }
        let amount = spec.amount(of: limit, at: now)
        let text = "\(amount.units.shortText) \(limit.unit == ScalingBudgetSpec.cost ? "per hour" : limit.unit)"
        func sum(_ replicas: (Scaler) -> Int) -> BudgetAmount {
            amounts.reduce(.zero) { $0 + replicas($1.0) * ($1.1 ?? .zero) }
        }
        let minimum = sum(\.minReplicas)
        if minimum > amount {
            return [
                "minReplicas of all members need \(minimum.units.shortText), and the limit is \(text): minReplicas has "
                    + "precedence, so the budget is overspent"
            ]
        }
        let used = sum { $0.replicas ?? 0 }
        guard used > amount else { return [] }
        return [
            "\(used.units.shortText) of \(text) are in use already: members lose replicas"
                + (spec.mode == .report ? " if the mode is Enforce" : "")
        ]
    }

    private func unknownWarning(_ limit: ScalingBudgetSpec.Limit, _ unknown: [String]) -> String {
        let names = unknown.prefix(Self.maxNames).joined(separator: ", ")
        let more = unknown.count > Self.maxNames ? " and \(unknown.count - Self.maxNames) others" : ""
        return "what one replica of \(names)\(more) consumes of \(limit.unit) is unknown, so no member would be scaled "
            + "up: set consumption in the budget or in the GeneralScaler"
    }

    /// Whether anything says how much of a unit is consumed, even if that is 0.
    private func isNamed(_ unit: String) -> Bool {
        unit == ScalingBudgetSpec.replicas || spec.consumption.contains { $0.amounts[unit] != nil }
            || members.contains {
                $0.consumption.declared[unit] != nil || $0.consumption.requests?.names(unit) ?? false
            }
    }

    // MARK: Guarantees

    /// An owner at 0 calls its guarantee back only after it was activated, and then waits for the borrowers.
    package var startWarnings: [String] {
        guard spec.reclaim != .immediate else { return [] }
        let owners = members.filter { member in
            member.mayScaleToZero && share(of: member).map { !$0.guarantee.isEmpty } ?? false
        }
        guard let first = owners.first else { return [] }
        let more = owners.count > 1 ? " and \(owners.count - 1) others" : ""
        return [
            "\(first.name)\(more) may be at 0 replicas and starts only when borrowers have given its guarantee back, by "
                + "their cooldowns and rates: set reclaim to Immediate, or minReplicas to at least 1"
        ]
    }

    private func share(of member: Scaler) -> ScalingBudgetSpec.Share? {
        spec.sharing.first { member.isSelected(by: $0.selector) }
    }

    // MARK: Entries without an effect

    private var entryWarnings: [String] {
        let consumption = spec.consumption.enumerated().compactMap { index, entry in
            members.contains { $0.isSelected(by: entry.selector) }
                ? nil : "spec.consumption[\(index)] selects no member of the budget"
        }
        let sharing = spec.sharing.enumerated().compactMap { index, entry -> String? in
            guard members.contains(where: { $0.isSelected(by: entry.selector) }) else {
                return "spec.sharing[\(index)] (\(entry.name)) selects no member of the budget"
            }
            guard members.contains(where: { share(of: $0)?.name == entry.name }) else {
                return "spec.sharing[\(index)] (\(entry.name)) has no effect: earlier entries select all of its members"
            }
            return nil
        }
        return consumption + sharing
    }

    private var windowWarnings: [String] {
        spec.windows.flatMap { window in
            spec.limits.compactMap { limit -> String? in
                guard let amount = window.targets[limit.unit].flatMap({ BudgetAmount($0) }) else { return nil }
                let guaranteed = spec.sharing.reduce(BudgetAmount.zero) { $0 + ($1.guarantee[limit.unit] ?? .zero) }
                guard guaranteed > amount else { return nil }
                return
                    "window \(window.name) sets \(limit.unit) to \(amount.units.shortText), less than the guarantees of "
                    + "\(guaranteed.units.shortText): those of a lower priority are not met"
            }
        }
    }
}

extension BudgetReview.Scaler {
    fileprivate func isSelected(by selector: ScalerSelector) -> Bool {
        selector.matches(labels: consumption.labels, namespaceLabels: consumption.namespaceLabels)
    }
}
