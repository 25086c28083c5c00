import KubernetesClient
import ScalerAPI
import Scaling

/// One budget: its members, and the division of its limits among them. Pure.
struct BudgetAccount {
    /// The replicas of a scaler.
    struct Use: Sendable, Equatable {
        /// The larger of the target's replicas and of a scale operation that may still be applied.
        var held: Int
        var minimum: Int
        /// What the scaler would be set to next without the budget.
        var demand: Int
        var mayBorrow: Bool
    }

    /// A limit, divided.
    struct Division: Sendable {
        var limit: ScalingBudgetSpec.Limit
        var used: BudgetAmount
        /// What would be used without the budget.
        var demanded: BudgetAmount
        /// What guarantees cover and their owners do not ask for, as far as others use it.
        var lent: BudgetAmount
        /// By member.
        var caps: [Int]
        /// The first member whose consumption or replicas are unknown; no member may be scaled up then.
        var unknown: ObjectKey?

        var free: BudgetAmount { max(.zero, limit.amount - used) }
    }

    /// The terms of a member under each limit.
    private struct Terms: Equatable {
        var consumption: [BudgetAmount?]
        var share: Int?
    }

    let name: String
    /// The spec in effect; nil if it is invalid and never was valid.
    let spec: ScalingBudgetSpec?
    private let selector: ScalerSelector?
    private var terms: [ObjectKey: Terms] = [:]

    /// The members in the order of the division.
    private(set) var members: [ObjectKey] = []
    private(set) var positions: [ObjectKey: Int] = [:]
    private(set) var divisions: [Division] = []
    private(set) var uses: [BudgetAccount.Use] = []
    private var isOutdated = true
    private var isListOutdated = true
    /// When a window begins or ends.
    private var validUntil: Timestamp?
    /// Whether the division has changed since the last report.
    var isChanged = true

    init(_ budget: ScalingBudget, spec: ScalingBudgetSpec?) {
        name = budget.name
        self.spec = spec
        selector =
            spec?.selector ?? (budget.onInvalid == .hold ? budget.selectorOfInvalid : nil)
    }

    func contains(_ key: ObjectKey) -> Bool { terms[key] != nil }

    /// Adds, updates or removes a scaler by its labels.
    ///
    /// - Returns: whether it is a member.
    mutating func update(_ key: ObjectKey, _ profile: ReplicaConsumption) -> Bool {
        guard let selector, selector.matches(labels: profile.labels, namespaceLabels: profile.namespaceLabels) else {
            remove(key)
            return false
        }
        let new = Terms(
            consumption: spec.map { spec in spec.limits.map { spec.consumption(of: $0.unit, by: profile) } } ?? [],
            share: spec?.sharing.firstIndex {
                $0.selector.matches(labels: profile.labels, namespaceLabels: profile.namespaceLabels)
            })
        guard terms[key] != new else { return true }
        if terms[key] == nil { isListOutdated = true }
        isOutdated = true
        terms[key] = new
        return true
    }

    mutating func remove(_ key: ObjectKey) {
        guard terms.removeValue(forKey: key) != nil else { return }
        isOutdated = true
        isListOutdated = true
    }

    /// Reports that the replicas of a member have changed.
    mutating func noteUse() { isOutdated = true }

    // MARK: The division

    /// Divides the limits if anything has changed.
    mutating func divide(at now: Timestamp, _ known: [ObjectKey: Use]) {
        if let validUntil, validUntil <= now { isOutdated = true }
        guard isOutdated, let spec else { return }
        if isListOutdated {
            members = terms.keys.sorted()
            positions = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1, $0) })
            isListOutdated = false
        }
        let none = Use(held: 0, minimum: 0, demand: 0, mayBorrow: true)
        uses = members.map { known[$0] ?? none }
        let unseen = members.first { known[$0] == nil }
        divisions = spec.limits.indices.map { divide(spec, $0, at: now, unseen: unseen) }
        validUntil = spec.windows.compactMap { $0.nextEdge(after: now) }.min()
        isOutdated = false
        isChanged = true
    }

    private func divide(
        _ spec: ScalingBudgetSpec, _ index: Int, at now: Timestamp, unseen: ObjectKey?
    ) -> Division {
        let unit = spec.limits[index].unit
        let limit = ScalingBudgetSpec.Limit(unit: unit, amount: spec.amount(of: spec.limits[index], at: now))
        var unknown = unseen
        var division = BudgetDivision(
            limit: limit.amount, guarantees: spec.sharing.map { $0.guarantee[unit] ?? .zero }, members: [])
        division.members.reserveCapacity(members.count)
        for (key, use) in zip(members, uses) {
            let terms = terms[key]
            let consumption = terms?.consumption[index]
            // Of no replicas, what one consumes does not matter.
            if consumption == nil, unknown == nil, max(use.held, use.minimum, use.demand) > 0 { unknown = key }
            let share = terms?.share.map { spec.sharing[$0] }
            // Without a rate limit, every member can give replicas back. With one of 0, it keeps them in any case.
            let canShrink = use.mayBorrow || spec.reclaim == .immediate
            division.members.append(
                BudgetMember(
                    consumption: consumption ?? .zero, held: use.held,
                    minimum: canShrink ? use.minimum : max(use.minimum, use.held), demand: use.demand,
                    group: terms?.share, weight: share?.weight ?? 1, priority: share?.priority ?? 0,
                    mayBorrow: canShrink))
        }
        var result = Division(
            limit: limit, used: .zero, demanded: .zero, lent: .zero, caps: division.caps(), unknown: unknown)
        var usedByGroup = [BudgetAmount](repeating: .zero, count: division.guarantees.count)
        for member in division.members {
            result.used += member.held * member.consumption
            result.demanded += max(member.minimum, member.demand) * member.consumption
            if let group = member.group { usedByGroup[group] += member.held * member.consumption }
        }
        result.lent = lent(result, division.guarantees, usedByGroup)
        return result
    }

    private func lent(
        _ division: Division, _ guarantees: [BudgetAmount], _ used: [BudgetAmount]
    ) -> BudgetAmount {
        var unused = BudgetAmount.zero
        for (guarantee, used) in zip(guarantees, used) { unused += max(.zero, guarantee - used) }
        return min(division.used, max(.zero, unused - division.free))
    }

    // MARK: Caps

    /// Returns the most replicas of a member now; nil if it is no member.
    mutating func cap(of key: ObjectKey, at now: Timestamp, _ known: [ObjectKey: Use]) -> SharedBudgetCap? {
        guard contains(key) else { return nil }
        guard let spec else {
            return SharedBudgetCap(
                budget: name, replicas: known[key]?.held ?? 0, state: "its spec is invalid, so nothing is scaled up")
        }
        divide(at: now, known)
        guard let position = positions[key], let terms = terms[key] else { return nil }
        let held = uses[position].held
        var least: SharedBudgetCap?
        for (index, division) in divisions.enumerated() {
            let room = room(division, held: held, consumption: terms.consumption[index])
            // A member with fewer replicas than its cap takes what is free, but never what others still hold.
            let replicas = min(division.caps[position], room)
            guard replicas < least?.replicas ?? .max else { continue }
            least = SharedBudgetCap(
                budget: name, replicas: replicas, isImmediate: spec.reclaim == .immediate, state: division.state)
        }
        return least
    }

    private func room(_ division: Division, held: Int, consumption: BudgetAmount?) -> Int {
        guard division.unknown == nil, let consumption else { return held }
        guard consumption > .zero else { return Int(Int32.max) }
        return min(held + division.free.replicas(of: consumption), Int(Int32.max))
    }
}

extension BudgetAccount.Division {
    /// Such as `0.5 left of 40 per hour`.
    var state: String {
        if let unknown {
            return "no member is scaled up, because the consumption of \(limit.unit) by \(unknown) is unknown"
        }
        return "\(free.units.shortText) left of \(limitText)"
    }

    /// Such as `40 per hour` and `16 replicas`.
    var limitText: String {
        "\(limit.amount.units.shortText) \(limit.unit == ScalingBudgetSpec.cost ? "per hour" : limit.unit)"
    }

    /// The replicas of a member that the limit denies.
    func denied(_ position: Int, _ use: BudgetAccount.Use) -> Int {
        max(0, max(use.minimum, use.demand) - caps[position])
    }
}
