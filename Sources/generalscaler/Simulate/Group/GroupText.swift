import Backtest
import Scaling

/// The results of a simulation of several scalers as text.
enum GroupText {
    /// The most members of a budget that are listed.
    private static let maxDenied = 20

    private static let headings = [
        "out of SLO", "unknown", "denied", "replica-hours", "cost", "scaling events", "replicas",
    ]

    static func text(_ summary: GroupSummary) -> String {
        var rows = [[""] + headings]
        rows += summary.members.map { [$0.name] + $0.columns }
        if summary.members.count > 1 {
            rows.append([
                "together", summary.timeOutOfSLO.words, "", summary.timeDenied.words,
                summary.replicaHours.text(decimals: 1), summary.cost?.text(decimals: 2) ?? "-", "", "",
            ])
        }
        return TextTable.text(rows) + summary.budgets.map { "\n" + lines($0, summary) }.joined()
    }

    private static func lines(_ budget: BudgetTally, _ summary: GroupSummary) -> String {
        var lines: [String] = []
        for (limit, tally) in zip(budget.outline.limits, budget.limits) {
            var line = "budget \(budget.outline.name), \(tally.rangeText) \(limit.unitText): "
            line += "at most \(tally.peakUse.shortText) in use, \(tally.peakDemand.shortText) wanted; "
            line += "more was wanted for \(tally.timeAtLimit.words)"
            if tally.timeOver > .zero { line += "; more was in use for \(tally.timeOver.words)" }
            if tally.timeUnknown > .zero {
                line += "; nothing was scaled up for \(tally.timeUnknown.words), as what a replica consumes was unknown"
            }
            lines.append(line)
        }
        let names = budget.outline.members.map { summary.members[$0].name }
        let verb = budget.outline.isReport ? "would have been denied" : "was denied"
        let denied = zip(names, budget.members).filter { $1.time > .zero }
            .sorted { ($1.1.time, $0.0) < ($0.1.time, $1.0) }
        for (name, member) in denied.prefix(maxDenied) {
            lines.append("  \(name) \(verb) \(member.text)")
        }
        if denied.count > maxDenied { lines.append("  and \(denied.count - maxDenied) more") }
        if denied.isEmpty {
            lines.append(names.isEmpty ? "  it selects no scaler of the files" : "  nobody \(verb) anything")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    // MARK: A sweep

    static func sweepHeadings(_ members: [String]) -> [String] {
        ["replica-hours", "cost", "denied"] + members.map { "\($0) out of SLO" }
    }

    static func sweepColumns(_ summary: GroupSummary) -> [String] {
        [
            summary.replicaHours.text(decimals: 1), summary.cost?.text(decimals: 2) ?? "-", summary.timeDenied.words,
        ] + summary.members.map(\.summary.outOfSLOText)
    }
}

extension GroupSummary.Member {
    fileprivate var columns: [String] {
        [
            summary.outOfSLOText, summary.unknownText, timeDenied.words, summary.replicaHours.text(decimals: 1),
            summary.cost?.text(decimals: 2) ?? "-", "\(summary.scalingEvents)",
            "\(summary.fewestReplicas)-\(summary.mostReplicas)",
        ]
    }
}

extension BudgetOutline.Limit {
    fileprivate var unitText: String { unit == "cost" ? "per hour" : unit }
}

extension BudgetTally.Limit {
    fileprivate var rangeText: String {
        least == most ? "limit \(most.shortText)" : "limit \(least.shortText) to \(most.shortText)"
    }
}

extension BudgetTally.Member {
    fileprivate var text: String {
        var text = "\(mostReplicas.counted("replica")) for \(time.words)"
        guard let longest else { return text }
        if mostReplicas > 1 { text = "up to " + text }
        return text + (periods > 1 ? " in \(periods) periods, the longest" : "")
            + " from \(longest.from.text) to \(longest.to.text)"
    }
}
