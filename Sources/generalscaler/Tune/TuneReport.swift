import Backtest
import Scaling
import WireFormats
import YAMLFormat

/// The results of a search, for a person or a program.
struct TuneReport {
    /// The proposals, with ascending replica-hours.
    let points: [TuneSearch.Point]
    private let result: TuneSearch.Result
    private let name: String
    private let trace: Trace

    init(_ result: TuneSearch.Result, name: String, trace: Trace) {
        self.result = result
        self.name = name
        self.trace = trace
        points = result.front
    }

    /// The index of the proposal with the least time out of SLO of those that need no more replica-hours than the spec,
    /// also on the part of the trace that was held back, if there is one; nil if there is none at all.
    var recommended: Int? {
        let own = result.own
        let candidates = points.indices.filter { Self.isAsGood(points[$0].learned, as: own.learned) }
        let holding = candidates.last { index in
            guard let held = points[index].heldBack, let ownHeld = own.heldBack else { return false }
            return Self.isAsGood(held, as: ownHeld)
        }
        return holding ?? candidates.last
    }

    private static func isAsGood(_ summary: BacktestSummary, as own: BacktestSummary) -> Bool {
        summary.timeOutOfSLO <= own.timeOutOfSLO && summary.replicaHours <= own.replicaHours
    }

    var unknownWarning: String? {
        let unknown = result.own.learned.shareUnknown
        guard unknown > BacktestSummary.notableUnknownShare else { return nil }
        return "\((100 * unknown).text(decimals: 2))% of the time has no data and counts for no proposal"
    }

    // MARK: Text

    func text(chosen: Int?) -> String {
        var text =
            "\(trace.start.text) to \(trace.end.text); learned until \(result.split.text), held back after it\n\n"
        let changed = result.space.axes.indices.filter { axis in
            points.contains { $0.choice[axis] != result.own.choice[axis] }
        }
        let titles = changed.map { result.space.axes[$0].title }
        var rows = [[""] + titles + ["out of SLO", "replica-hours", "held back: out of SLO", "replica-hours"]]
        rows.append(row("now", result.own, changed))
        for (index, point) in points.enumerated() { rows.append(row("\(index + 1)", point, changed)) }
        text += TextTable.text(rows)
        text += "\nThe target alone:\n\n"
        let targets = result.targetsAlone.map { point in
            [result.space.axes[0].options[point.choice[0]].label] + Self.columns(point.learned)
        }
        text += TextTable.text([["target", "out of SLO", "replica-hours"]] + targets)
        let bound = result.isBounded ? "; the search ended at its bound, so there may be better ones" : ""
        text += "\n\(result.runs) settings were replayed\(bound).\n"
        guard let chosen else {
            return text + "No proposal is as good as the current settings in both replica-hours and time out of SLO.\n"
        }
        text += "\(verdict(points[chosen], number: chosen + 1))\n\n"
        return text + "# kubectl patch generalscaler \(name) --type merge --patch-file FILE\n\(patch(chosen))"
    }

    private func row(_ title: String, _ point: TuneSearch.Point, _ axes: [Int]) -> [String] {
        [title] + axes.map { result.space.axes[$0].options[point.choice[$0]].label } + Self.columns(point.learned)
            + (point.heldBack.map(Self.columns) ?? ["-", "-"])
    }

    private static func columns(_ summary: BacktestSummary) -> [String] {
        let share = summary.shareOutOfSLO.map { " (\((100 * $0).text(decimals: 2))%)" } ?? ""
        return ["\(summary.timeOutOfSLO.words)\(share)", summary.replicaHours.text(decimals: 1)]
    }

    /// How a proposal did on the part of the trace that the search has not seen.
    private func verdict(_ point: TuneSearch.Point, number: Int) -> String {
        guard let held = point.heldBack, let own = result.own.heldBack else {
            return "Proposal \(number) was not replayed on the rest of the trace."
        }
        let time = "\(held.timeOutOfSLO.words) out of SLO instead of \(own.timeOutOfSLO.words)"
        let hours =
            "\(held.replicaHours.text(decimals: 1)) replica-hours instead of \(own.replicaHours.text(decimals: 1))"
        let isBetter = Self.isAsGood(held, as: own)
        let isWorse = Self.isAsGood(own, as: held)
        let word = isBetter ? "holds" : isWorse ? "does not hold" : "holds in part"
        return "Proposal \(number) \(word) on the rest of the trace: \(time), \(hours)."
    }

    // MARK: Patch

    /// Returns a merge patch as YAML. A merge patch replaces lists as a whole, so that it has all metrics or schedules.
    func patch(_ index: Int) -> String { YAMLText.text(patchJSON(index)) }

    private func patchJSON(_ index: Int) -> JSON {
        let changes = result.space.changes(points[index].choice)
        let spec = result.space.spec(points[index].choice) ?? .null
        var members: [String: JSON] = [:]
        var safety: [String: JSON] = [:]
        for change in changes {
            let parts = change.path.split { ".[".contains($0) }.map(String.init)
            if parts[0] == "safety" { safety[parts[1]] = change.value } else { members[parts[0]] = spec[parts[0]] }
        }
        if !safety.isEmpty { members["safety"] = .object(safety) }
        return ["spec": .object(members)]
    }

    // MARK: JSON

    var json: JSON {
        [
            "from": .string(trace.start.text), "to": .string(trace.end.text),
            "heldBackFrom": .string(result.split.text),
            "runs": .integer(Int64(result.runs)), "isBounded": .bool(result.isBounded),
            "recommended": recommended.map { .integer(Int64($0 + 1)) } ?? .null,
            "now": object(result.own),
            "proposals": .array(
                points.indices.map { index in
                    .object((object(points[index]).objectValue ?? [:]).merging(["patch": patchJSON(index)]) { $1 })
                }),
            "targetsAlone": .array(result.targetsAlone.map(object)),
        ]
    }

    private func object(_ point: TuneSearch.Point) -> JSON {
        let values = zip(result.space.axes, point.choice).map { axis, option in
            (axis.title, JSON.string(axis.options[option].label))
        }
        return [
            "values": .object(Dictionary(values, uniquingKeysWith: { $1 })), "learned": point.learned.json,
            "heldBack": point.heldBack?.json ?? .null,
        ]
    }
}
