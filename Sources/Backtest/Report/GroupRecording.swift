package import Scaling
import WireFormats

/// The data of a group of backtests in a report, recorded step by step.
package struct GroupRecording: Sendable {
    private let group: GroupBacktest
    private var members: [ReportRecording]
    private var budgets: [BudgetRecording]

    /// The minimum number of points of one line, for many members.
    private static let minPoints = 2_000

    package init(_ group: GroupBacktest) {
        self.group = group
        let points = max(Self.minPoints, ReportRecording.maxPoints / group.members.count)
        members = group.members.map {
            ReportRecording(name: $0.name, backtest: $0.backtest, spec: $0.shownSpec, points: points)
        }
        budgets = group.budgets.map { BudgetRecording($0, from: group.start, to: group.end) }
    }

    package mutating func add(_ step: BacktestStep, member: Int) { members[member].add(step) }

    package mutating func add(_ states: [[LimitState]], at now: Timestamp) {
        for (index, states) in states.enumerated() { budgets[index].add(states, at: now) }
    }

    /// Returns the data for the page's script: runs and budgets.
    func json(_ summary: GroupSummary) -> [String: JSON] {
        [
            "runs": .array(
                zip(members, summary.members).map { recording, member in
                    var run = recording.json(summary: member.summary).objectValue ?? [:]
                    run["secondsDenied"] = .number(member.timeDenied / .seconds(1))
                    return .object(run)
                }),
            "budgets": .array(zip(budgets, summary.budgets).map { $0.json($1) }),
        ]
    }
}

/// The limits of one budget over time.
private struct BudgetRecording: Sendable {
    /// A time in which limit and demand are the same.
    private struct Point {
        let time: Timestamp
        var limit: Double
        /// The highest within the time.
        var demanded: Double
    }

    private let outline: BudgetOutline
    private let start: Timestamp
    /// Points are at least this far apart.
    private let spacing: Duration
    private var lines: [[Point]]

    init(_ outline: BudgetOutline, from start: Timestamp, to end: Timestamp) {
        self.outline = outline
        self.start = start
        spacing = .seconds((end - start) / .seconds(1) / Double(ReportRecording.maxPoints))
        lines = outline.limits.map { _ in [] }
    }

    mutating func add(_ states: [LimitState], at now: Timestamp) {
        for (index, state) in states.enumerated() where lines.indices.contains(index) {
            guard let last = lines[index].last else {
                lines[index] = [Point(time: now, limit: state.limit, demanded: state.demanded)]
                continue
            }
            if last.limit == state.limit, last.demanded == state.demanded { continue }
            if now - last.time < spacing {
                lines[index][lines[index].count - 1].limit = state.limit
                lines[index][lines[index].count - 1].demanded = max(last.demanded, state.demanded)
            } else {
                lines[index].append(Point(time: now, limit: state.limit, demanded: state.demanded))
            }
        }
    }

    func json(_ tally: BudgetTally) -> JSON {
        [
            "name": .string(outline.name), "isReport": .bool(outline.isReport),
            "members": .array(outline.members.map { .integer(Int64($0)) }),
            "limits": .array(outline.limits.indices.map { limit($0, tally.limits[$0]) }),
            "denied": .array(
                tally.members.map { member in
                    .array(
                        member.denials.map { [seconds($0.from), seconds($0.to), .integer(Int64($0.replicas))] })
                }),
            "isCut": .bool(tally.members.contains { $0.periods > $0.denials.count }), "spec": outline.spec,
        ]
    }

    private func limit(_ index: Int, _ tally: BudgetTally.Limit) -> JSON {
        let limit = outline.limits[index]
        return [
            "unit": .string(limit.unit),
            "consumption": .array(limit.consumption.map { $0.map(JSON.number) ?? .null }),
            "steps": .array(
                lines[index].map { [seconds($0.time), .number($0.limit), .number($0.demanded)] }),
            "peakUse": .number(tally.peakUse), "secondsAtLimit": .number(tally.timeAtLimit / .seconds(1)),
            "secondsOver": .number(tally.timeOver / .seconds(1)),
        ]
    }

    private func seconds(_ time: Timestamp) -> JSON { .number((time - start) / .seconds(1)) }
}
