package import WireFormats

/// The results of a backtest of several scalers.
package struct GroupSummary: Sendable {
    package struct Member: Sendable {
        package let name: String
        package let summary: BacktestSummary
        /// The time in which a budget denied it replicas, or would have done so.
        package let timeDenied: Duration
    }

    package let members: [Member]
    package let budgets: [BudgetTally]

    package var replicaHours: Double { members.reduce(0) { $0 + $1.summary.replicaHours } }

    /// The cost of all members; nil if the price of one is unknown.
    package var cost: Double? {
        members.reduce(0) { sum, member in sum.flatMap { sum in member.summary.cost.map { sum + $0 } } }
    }

    /// The time out of SLO of all members, added up.
    package var timeOutOfSLO: Duration { members.reduce(.zero) { $0 + $1.summary.timeOutOfSLO } }
    package var timeDenied: Duration { members.reduce(.zero) { $0 + $1.timeDenied } }

    package var json: JSON {
        [
            "members": .array(members.map(\.json)),
            "budgets": .array(budgets.map { $0.json(names: members.map(\.name)) }),
            "replicaHours": .number(replicaHours), "cost": cost.map(JSON.number) ?? .null,
            "secondsOutOfSLO": .number(timeOutOfSLO / .seconds(1)),
            "secondsDenied": .number(timeDenied / .seconds(1)),
        ]
    }
}

extension GroupSummary.Member {
    var json: JSON {
        .object(
            (summary.json.objectValue ?? [:]).merging([
                "name": .string(name), "secondsDenied": .number(timeDenied / .seconds(1)),
            ]) { $1 })
    }
}

extension BudgetTally {
    func json(names: [String]) -> JSON {
        [
            "name": .string(outline.name), "mode": .string(outline.isReport ? "Report" : "Enforce"),
            "limits": .array(
                zip(outline.limits, limits).map { limit, tally in
                    [
                        "unit": .string(limit.unit), "lowest": .number(tally.least), "highest": .number(tally.most),
                        "peakUse": .number(tally.peakUse), "peakDemand": .number(tally.peakDemand),
                        "secondsAtLimit": .number(tally.timeAtLimit / .seconds(1)),
                        "secondsOverLimit": .number(tally.timeOver / .seconds(1)),
                        "secondsUnknown": .number(tally.timeUnknown / .seconds(1)),
                    ]
                }),
            "members": .array(
                zip(outline.members, members).map { place, member in
                    [
                        "name": .string(names[place]), "secondsDenied": .number(member.time / .seconds(1)),
                        "periods": .integer(Int64(member.periods)),
                        "mostReplicasDenied": .integer(Int64(member.mostReplicas)),
                        "denied": .array(member.denials.map(\.json)),
                    ]
                }),
        ]
    }
}

extension BudgetTally.Denial {
    fileprivate var json: JSON {
        [
            "from": .string(from.text),
            "to": .string(to.text),
            "replicas": .integer(Int64(replicas)),
        ]
    }
}
