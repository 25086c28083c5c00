import ArgumentParser
import Backtest
import CommandSupport
import Glibc
import ScalerAPI
import Scaling
import WireFormats

// Several scalers within shared budgets.
extension SimulateCommand {
    func simulate(_ group: SimulatedGroup) async throws {
        guard !group.scalers.isEmpty else {
            throw fail("\(files.joined(separator: ", ")): have no GeneralScaler, and at least one is needed")
        }
        guard compare == nil else {
            throw ValidationError(
                "--compare takes one GeneralScaler without a ScalingBudget, because scalers that share a budget depend on each "
                    + "other: change one field with --sweep NAMESPACE/NAME.FIELD=VALUES, or simulate each version of the files by "
                    + "itself.")
        }
        guard forecast.count < 2 else {
            throw ValidationError(
                "--forecast takes one mode for several GeneralScalers or a ScalingBudget: run the command once for each mode."
            )
        }
        let simulation = try await GroupSimulation(
            group, traceOptions, history, workloadOptions, forecastMode: forecast.first)
        for note in simulation.notes { warn("note: \(note)") }
        let (backtest, budgets) = try simulation.prepared()
        for budget in backtest.budgets where budget.members.isEmpty {
            warn("warning: budget \(budget.name) selects no GeneralScaler of the files")
        }
        let summaries =
            sweeps.isEmpty ? [try run(backtest, budgets)] : try sweep(simulation, heading: heading(backtest))
        let members = summaries.flatMap(\.members).map(\.summary)
        warnOfShortTrace(members, length: backtest.end - backtest.start)
        try judgeGaps(members, gaps: simulation.gaps)
    }

    private func heading(_ backtest: GroupBacktest) -> String {
        "\(backtest.start.text) to \(backtest.end.text): \(backtest.members.count.counted("scaler")) under "
            + "\(backtest.budgets.count.counted("budget"))\n\n"
    }

    private func run(_ backtest: GroupBacktest, _ budgets: SimulatedBudgets) throws -> GroupSummary {
        let sink = try decisions.map { try DecisionSink(path: $0) }
        var recording = html.map { _ in GroupRecording(backtest) }
        var bar = ProgressBar("simulating")
        let summary = try backtest.run(
            budgets, onProgress: { bar.update($0) },
            onStep: { member, step, _ throws(FileProblem) in
                recording?.add(step, member: member)
                try sink?.write(step.decision, of: backtest.members[member].name)
            },
            onStates: { now, states in recording?.add(states, at: now) })
        bar.clear()
        try sink?.finish()
        if let html, let recording {
            let title =
                backtest.budgets.isEmpty ? "Several scalers" : backtest.budgets.map(\.name).joined(separator: ", ")
            try FileText.write(HTMLReport.page(title: title, group: recording, summary: summary), to: html)
        }
        // If the decisions use stdout, the summary is written to stderr.
        let output = decisions == "-" ? STDERR_FILENO : STDOUT_FILENO
        guard !json else {
            write("\(summary.json)\n", to: output)
            return summary
        }
        write(heading(backtest) + GroupText.text(summary), to: output)
        if let html { write("\nThe report is in \(html).\n", to: output) }
        return summary
    }

    private func sweep(_ simulation: GroupSimulation, heading: String) throws -> [GroupSummary] {
        let group = simulation.group
        var cases: [(values: [JSON], changes: GroupSweep.Changes)] = [([], GroupSweep.Changes())]
        let fields = try sweeps.map { try GroupSweep($0, group) }
        for field in fields {
            cases = try cases.flatMap { one in
                try field.values.map { value in
                    var changes = one.changes
                    try field.apply(value, to: &changes, group)
                    return (one.values + [value], changes)
                }
            }
            guard cases.count <= Self.maxRuns else { throw TraceError("the sweep has more than \(Self.maxRuns) runs") }
        }
        var rows = [fields.map(\.name) + GroupText.sweepHeadings(group.scalers.map(\.fullName))]
        var summaries: [GroupSummary] = []
        var objects: [JSON] = []
        var bar = ProgressBar("simulating")
        for (index, one) in cases.enumerated() {
            let (backtest, budgets) = try simulation.prepared(one.changes)
            let summary = backtest.run(
                budgets, onProgress: { bar.update((Double(index) + $0) / Double(cases.count)) },
                onStep: { _, _, _ in })
            rows.append(one.values.map { $0.stringValue ?? $0.description } + GroupText.sweepColumns(summary))
            summaries.append(summary)
            let values = Dictionary(zip(fields.map(\.name), one.values), uniquingKeysWith: { $1 })
            objects.append(.object((summary.json.objectValue ?? [:]).merging(["values": .object(values)]) { $1 }))
        }
        bar.clear()
        write(json ? "\(JSON.array(objects))\n" : heading + TextTable.text(rows), to: STDOUT_FILENO)
        return summaries
    }
}
