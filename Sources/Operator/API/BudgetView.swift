import ScalerAPI
import Scaling
import WireFormats

/// A ScalingBudget as the API shows it: the limits, who uses them, and who is denied replicas.
struct BudgetView: Sendable {
    let name: String
    let json: JSON

    /// - Parameter status: that of the budget's object.
    init(_ account: BudgetAccount, status: JSON, at now: Timestamp) {
        name = account.name
        let limits = (status["limits"]?.arrayValue ?? []).enumerated().map { index, limit in
            JSON.object((limit.objectValue ?? [:]).merging(Self.details(account, index)) { $1 })
        }
        json = [
            "name": .string(account.name), "time": .string(now.rfc3339()),
            "mode": account.spec.map { .string($0.mode.rawValue) } ?? .null, "valid": status["valid"] ?? .null,
            "message": status["message"] ?? .null, "limits": .array(limits),
            "memberCount": status["memberCount"] ?? .null, "members": status["members"] ?? [],
        ]
    }

    private static func details(_ account: BudgetAccount, _ index: Int) -> [String: JSON] {
        let division = account.divisions[index]
        let unit = division.limit.unit
        let guaranteed = (account.spec?.sharing ?? []).reduce(BudgetAmount.zero) { $0 + ($1.guarantee[unit] ?? .zero) }
        let denied = account.uses.indices.map { division.denied($0, account.uses[$0]) }
        return [
            "guaranteed": .number(guaranteed.units),
            "deniedReplicas": .integer(Int64(denied.reduce(0, +))),
            "deniedScalers": .integer(Int64(denied.count { $0 > 0 })),
        ]
    }
}
