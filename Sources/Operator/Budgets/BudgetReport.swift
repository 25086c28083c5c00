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
    /// How long the consumption of a member has to be unknown before it is reported. A new leader knows what targets
    /// request only after the first poll of each scaler.
    static let settlingTime: Duration = .seconds(10)
    static let maxMessageCharacters = 1_024
    /// The most members in a status.
    static let maxMembers = 50

    /// What events announce.
    enum State: Equatable {
        case sufficient
        /// A limit denies replicas.
        case binding
        /// What a member consumes is unknown.
        case incomplete
    }

    private(set) var uid: String
    /// The newest known version of the object.
    private(set) var version: String
    private(set) var generation: Int
    private(set) var specJSON: JSON
    private(set) var problem: InvalidSpec?
    /// The earliest time of the next write.
    var nextWrite: Duration = .zero
    var isWriting = false
    /// Since when the consumption of a member is unknown; nil if it is known.
    private var incompleteSince: Duration?
    /// The status that was last written.
    var written: JSON?
    /// As it was last announced by an event.
    var state: State = .sufficient

    init(_ budget: ScalingBudget) {
        uid = budget.uid
        version = budget.resourceVersion
        generation = budget.generation
        specJSON = budget.specJSON
        if case .failure(let invalid) = budget.spec { problem = invalid }
    }

    /// Takes a new version of the spec, whose status is due immediately.
    mutating func begin(_ budget: ScalingBudget) {
        let former = self
        self = BudgetReport(budget)
        state = former.state
        if former.uid == uid { notice(version: former.version) }
    }

    /// Records a version that a write of the status or another client created.
    mutating func notice(version newer: String) {
        if ResourceVersion.isNotOlder(newer, than: version) { version = newer }
    }

    /// Returns whether the state of the budget is to be reported, unless it is likely to change soon.
    mutating func isSettled(_ account: BudgetAccount, at now: Duration) -> Bool {
        guard account.divisions.contains(where: { $0.unknown != nil }) else {
            incompleteSince = nil
            return true
        }
        let since = incompleteSince ?? now
        incompleteSince = since
        return now - since >= Self.settlingTime
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
        if let division = account.divisions.first(where: { $0.unknown != nil }), let note = division.unknownNote {
            return "No member is scaled up: \(note)."
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

    /// The reason why nothing is scaled up, and the fix; nil if all consumption is known.
    var unknownNote: String? {
        unknown.map {
            "the replicas of \($0), or their consumption of \(limit.unit), are unknown; set consumption in the "
                + "budget or in the GeneralScaler"
        }
    }

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
