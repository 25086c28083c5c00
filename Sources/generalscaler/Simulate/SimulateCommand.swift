import ArgumentParser
import Backtest
import CommandSupport
import Glibc
import Operator
import ScalerAPI
import Scaling
import WireFormats

/// Runs scalers on recorded metrics.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Backtest GeneralScalers, and the ScalingBudgets over them, on recorded metrics.",
        discussion: """
            Runs the operator's decision engine on a trace with a simulated clock; nothing is scaled. With mode DryRun \
            in the spec, the replicas stay as recorded, as in a cluster. If the files have several GeneralScalers, or a \
            ScalingBudget, all are simulated together. docs/how-to/simulate.md has examples.
            """
    )

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: "File with GeneralScalers and ScalingBudgets (repeatable). Namespaces and Deployments in it count too.")
    var files: [String]

    @Option(help: "File with another GeneralScaler to compare with the first.")
    var compare: String?

    @OptionGroup var traceOptions: SimulatedTraceOptions

    @Option(
        name: .customLong("sweep"),
        help: ArgumentHelp(
            "Field and values to compare, such as safety.cooldownSeconds=60,120,300, or budget.NAME.UNIT=20,30 for the limit "
                + "of a budget (repeatable).", valueName: "field=values"))
    var sweeps: [String] = []

    @Option(
        help: ArgumentHelp(
            "Modes of spec.forecast to compare: off, report, active, separated by commas.", valueName: "modes"),
        transform: ForecastModes.parse)
    var forecast: [ForecastSpec.Mode] = []

    @Option(help: "File for a report: one HTML page.")
    var html: String?

    @Option(help: "File for the decisions as JSON lines; - for stdout.")
    var decisions: String?

    @Flag(help: "Write the summary as JSON.")
    var json = false

    @Flag(help: "Succeed even if more than half of the time has no data.")
    var allowGaps = false

    @OptionGroup(title: "Historical metrics (from plugins)") var history: HistoryOptions

    @OptionGroup(title: "The workload") var workloadOptions: WorkloadOptions

    /// The maximum number of combinations of a sweep.
    static let maxRuns = 1_000

    func validate() throws {
        guard traceOptions.traces.isEmpty != (history.from == nil) else {
            throw ValidationError("Give either --trace, a file with recorded metrics, or --from, to fetch them.")
        }
        guard sweeps.isEmpty || (compare == nil && html == nil && decisions == nil) else {
            throw ValidationError("--sweep prints a table; use it without --compare, --html and --decisions.")
        }
        guard sweeps.isEmpty || forecast.isEmpty else {
            throw ValidationError("--sweep and --forecast exclude each other: try --sweep forecast.mode=Off,Active.")
        }
        guard forecast.count < 2 || decisions == nil else {
            throw ValidationError("--decisions takes one run; give one mode with --forecast.")
        }
        guard compare == nil || decisions == nil else {
            throw ValidationError("--decisions takes one GeneralScaler; use it without --compare.")
        }
    }

    func run() async throws {
        do {
            try await simulate()
        } catch let problem as FileProblem {
            throw fail(problem.description)
        } catch let problem as TraceError {
            throw fail(problem.description)
        }
    }

    func warn(_ message: String) {
        write("\(message)\n", to: STDERR_FILENO)
    }

    func fail(_ message: String) -> ExitCode {
        warn(message)
        return .failure
    }

    private func simulate() async throws {
        var read: [ScalerFile] = []
        for path in files { read.append(try ScalerFile(path: path)) }
        let group = try SimulatedGroup(read)
        if group.isGroup { return try await simulate(group) }
        guard let file = read.first(where: { !$0.scalers.isEmpty }) ?? read.first else { return }
        let scaler = try SimulatedScaler(file)
        let others = try compare.map { [try SimulatedScaler(path: $0)] } ?? []
        try workloadOptions.requireKnown(([scaler] + others).map(\.fullName))
        let trace = try traceOptions.path(of: scaler.fullName, known: [scaler.fullName]).map {
            try TraceOptions.read($0, zone: traceOptions.zone())
        }
        let input = try await SimulationInput.read([scaler] + others, trace, history)
        for note in input.trace.notes { warn("note: \(note)") }
        let first = try input.backtest(scaler.spec(input.known), workloadOptions)
        let summaries =
            sweeps.isEmpty
            ? try compare(
                SimulatedScaler.distinguished([scaler] + others).flatMap { $0.variants(forecast) }, first, input)
            : try sweep(scaler, first, input)
        warnOfShortTrace(summaries, length: input.trace.end - input.trace.start)
        try judgeGaps(summaries, gaps: input.gaps)
    }

    /// The time in which a weekly pattern shows: two weeks.
    private static let seasons: Duration = .seconds(14 * 86_400)

    func warnOfShortTrace(_ summaries: [BacktestSummary], length: Duration) {
        guard length < Self.seasons, summaries.contains(where: { !$0.forecasts.isEmpty }) else { return }
        warn(
            "warning: the trace is \(length.words) long. A forecast needs two days to show a daily pattern, and two weeks for a "
                + "weekly one")
    }

    /// - Throws: `ExitCode` if the unknown share is too large for a meaningful result.
    func judgeGaps(_ summaries: [BacktestSummary], gaps: [String]) throws {
        guard let worst = summaries.max(by: { $0.shareUnknown < $1.shareUnknown }),
            worst.shareUnknown > BacktestSummary.notableUnknownShare
        else { return }
        let isFailure = worst.shareUnknown > BacktestSummary.acceptableUnknownShare && !allowGaps
        var message =
            "\(isFailure ? "error" : "warning"): \((100 * worst.shareUnknown).text(decimals: 2))% of the time "
        message += "(\(worst.timeUnknown.words)) has no data, so the SLO is unknown there"
        for gap in gaps { message += "\n  \(gap)" }
        warn(message)
        guard isFailure else { return }
        throw fail("Check the names of metrics and the range of time, or accept the gaps with --allow-gaps.")
    }

    // MARK: One scaler, or two side by side

    private func compare(
        _ scalers: [SimulatedScaler], _ first: Backtest, _ input: SimulationInput
    ) throws -> [BacktestSummary] {
        var runs: [(recording: ReportRecording, summary: BacktestSummary)] = []
        let sink = try decisions.map { try DecisionSink(path: $0) }
        for scaler in scalers {
            let backtest = try input.backtest(scaler.spec(input.known), workloadOptions, comparedWith: first)
            var recording = ReportRecording(name: scaler.name, backtest: backtest, spec: scaler.shownSpec)
            var bar = ProgressBar(scaler.name)
            let summary = try backtest.run(
                onProgress: { bar.update($0) },
                onStep: { step throws(FileProblem) in
                    if html != nil { recording.add(step) }
                    try sink?.write(step.decision)
                })
            bar.clear()
            runs.append((recording, summary))
        }
        try sink?.finish()
        if let html {
            let title = scalers.map(\.name).joined(separator: " and ")
            try FileText.write(HTMLReport.page(title: title, runs: runs), to: html)
        }
        // If the decisions use stdout, the summary is written to stderr.
        let output = decisions == "-" ? STDERR_FILENO : STDOUT_FILENO
        if json {
            let summaries = zip(scalers, runs).map { scaler, run in
                JSON.object((run.summary.json.objectValue ?? [:]).merging(["name": .string(scaler.name)]) { $1 })
            }
            write("\(JSON.array(summaries))\n", to: output)
            return runs.map(\.summary)
        }
        write(heading(first), to: output)
        let columns = runs.map { $0.summary.columns }
        var rows = [[""] + scalers.map(\.name)]
        for (index, heading) in BacktestSummary.headings.enumerated() {
            rows.append([heading] + columns.map { $0[index] })
        }
        write(TextTable.text(rows), to: output)
        for (scaler, run) in zip(scalers, runs) {
            write("\n\(scaler.name) was limited by \(run.summary.commonLimits).\n", to: output)
            for line in run.summary.forecastLines { write("\(scaler.name): \(line).\n", to: output) }
            for line in run.summary.scheduleLines(scaler.parsed.schedules.map(\.name)) {
                write("\(scaler.name): \(line).\n", to: output)
            }
        }
        if let html { write("\nThe report is in \(html).\n", to: output) }
        return runs.map(\.summary)
    }

    // MARK: One scaler, many values

    private func sweep(
        _ scaler: SimulatedScaler, _ first: Backtest, _ input: SimulationInput
    ) throws -> [BacktestSummary] {
        var cases: [(values: [JSON], spec: JSON)] = [([], scaler.json)]
        let fields = try sweeps.map { try SpecSweep($0) }
        for field in fields {
            cases = try cases.flatMap { one in
                try field.values.map { (one.values + [$0], try field.spec(one.spec, with: $0)) }
            }
            guard cases.count <= Self.maxRuns else { throw TraceError("the sweep has more than \(Self.maxRuns) runs") }
        }
        var rows = [fields.map(\.path) + BacktestSummary.headings]
        var summaries: [BacktestSummary] = []
        var objects: [JSON] = []
        var bar = ProgressBar(scaler.name)
        for (index, one) in cases.enumerated() {
            let backtest = try input.backtest(
                scaler.spec(input.known, changed: one.spec), workloadOptions, comparedWith: first)
            let summary = backtest.run(
                onProgress: { bar.update((Double(index) + $0) / Double(cases.count)) }, onStep: { _ in })
            rows.append(one.values.map { $0.stringValue ?? $0.description } + summary.columns)
            let values = Dictionary(zip(fields.map(\.path), one.values), uniquingKeysWith: { $1 })
            summaries.append(summary)
            objects.append(.object((summary.json.objectValue ?? [:]).merging(["values": .object(values)]) { $1 }))
        }
        bar.clear()
        write(json ? "\(JSON.array(objects))\n" : heading(first) + TextTable.text(rows), to: STDOUT_FILENO)
        return summaries
    }

    // MARK: What both need

    private func heading(_ backtest: Backtest) -> String {
        let heading =
            "\(backtest.trace.start.text) to \(backtest.trace.end.text), a decision every \(backtest.spec.pollingInterval.words)\n\n"
        guard backtest.takesValuesForTotals else { return heading }
        return heading + """
            The trace does not contain the number of replicas at the time of the recording: values of metrics with
            targetType Value count as the total load of all replicas. If they are values per replica, give
            --recorded-replicas or a column "replicas".


            """
    }

    func write(_ text: String, to descriptor: Int32) {
        StandardStreams.write(Array(text.utf8), to: descriptor)
    }
}
