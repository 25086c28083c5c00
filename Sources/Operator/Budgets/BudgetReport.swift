import KubernetesClient
import ScalerAPI
import Scaling
import WireFormats

/// What was last reported of a budget.
struct BudgetReport {
    /// The minimum time between two writes of one status.
    static let interval: Duration = .seconds(10)
    /// The minimum time between two looks at all budgets.
    static let spacing: Duration = .seconds(1)
    static let maxMessageCharacters = 1_024
    /// The most members in a status.
    static let maxMembers = 50

    private(set) var uid: String
    private(set) var generation: Int
    private(set) var specJSON: JSON
    private(set) var problem: InvalidSpec?
    /// The earliest time of the next write.
    var nextWrite: Duration = .zero
    var isWriting = false
    /// The status that was last written.
    var written: JSON?
    /// Whether a limit denied replicas at the last report.
    var isBinding = false

    init(_ budget: ScalingBudget) {
        uid = budget.uid
        generation = budget.generation
        specJSON = budget.specJSON
        if case .failure(let invalid) = budget.spec { problem = invalid }
    }

    /// Takes a new version of the spec, whose status is due immediately.
    mutating func begin(_ budget: ScalingBudget) {
        let wasBinding = isBinding
        self = BudgetReport(budget)
        isBinding = wasBinding
    }

    /// Returns the merge patch of the status.
    func status(_ account: BudgetAccount) -> JSON {
        var status: [String: JSON] = [
            "observedGeneration": .integer(Int64(generation)),
            "memberCount": .integer(Int64(account.members.count)),
            "limits": .array(account.divisions.map { $0.json(account.uses) }),
            "members": .array(members(of: account)),
        ]
        status["valid"] = .bool(problem == nil)
        status["message"] = .string(message(account))
        if problem == nil {
            // As text: a merge patch of an object would keep the fields that the new spec lacks.
            status["lastValid"] = .string(specJSON.description)
        }
        return ["status": .object(status)]
    }

    private func message(_ account: BudgetAccount) -> String {
        if let problem {
            let effect = account.spec == nil ? "No member is scaled up" : "The last valid spec applies"
            return "\(effect): \(problem.description)".shortened(to: Self.maxMessageCharacters)
        }
        if let unknown = account.divisions.lazy.compactMap(\.unknown).first {
            return
                "No member is scaled up, because what one replica of \(unknown) consumes is unknown: add an entry to "
                + "spec.consumption."
        }
        let limits = account.divisions.map { $0.sentence(account.uses) }.joined(separator: "; ")
        return account.spec?.mode == .report ? "Report only: \(limits)." : "\(limits)."
    }

    /// The members, those with denied replicas first, then those with the most.
    private func members(of account: BudgetAccount) -> [JSON] {
        func denied(_ position: Int) -> Int {
            account.divisions.map { $0.denied(position, account.uses[position]) }.max() ?? 0
        }
        let order = account.members.indices.map { (position: $0, denied: denied($0)) }
            .sorted { ($1.denied, account.uses[$1.position].held) < ($0.denied, account.uses[$0.position].held) }
        return order.prefix(Self.maxMembers).map { entry in
            let (key, use) = (account.members[entry.position], account.uses[entry.position])
            return [
                "namespace": .string(key.namespace), "name": .string(key.name), "replicas": .integer(Int64(use.held)),
                "demand": .integer(Int64(use.demand)),
                "cap": .integer(Int64(account.divisions.map { $0.caps[entry.position] }.min() ?? 0)),
            ]
        }
    }
}

extension BudgetAccount.Division {
    func isBinding(_ uses: [BudgetAccount.Use]) -> Bool { uses.indices.contains { denied($0, uses[$0]) > 0 } }

    fileprivate func json(_ uses: [BudgetAccount.Use]) -> JSON {
        [
            "unit": .string(limit.unit), "limit": .number(limit.amount.units), "used": .number(used.units),
            "free": .number(free.units), "demanded": .number(demanded.units), "lent": .number(lent.units),
            "overspend": .number(max(.zero, used - limit.amount).units), "binding": .bool(isBinding(uses)),
        ]
    }

    fileprivate func sentence(_ uses: [BudgetAccount.Use]) -> String {
        let use = "\(used.units.shortText) of \(limitText) in use"
        if used > limit.amount { return "\(use), which is over the limit" }
        return isBinding(uses) ? "\(use), \(demanded.units.shortText) wanted" : use
    }
}
