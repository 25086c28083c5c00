import ArgumentParser
import Backtest
import CommandSupport
import Glibc
import ScalerAPI
import Scaling
import TimeZones
import WireFormats
import YAMLFormat

/// Proposes settings for a scaler from recorded metrics.
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Propose settings for a GeneralScaler from recorded metrics.",
        discussion: """
            Replays a trace with other targets, stabilization windows, cooldowns, rates and schedules, and with a forecast \
            on or off. Shows the settings that are Pareto-optimal in time out of SLO and replica-hours, their results on \
            the last 30% of the trace, which the search does not use, and the patch for one of them. Nothing is changed \
            in a cluster.
            """
    )

    @Option(name: [.customShort("f"), .customLong("file")], help: "File with the GeneralScaler.")
    var file: String

    @OptionGroup var traceOptions: TraceOptions

    @Option(help: "Proposal whose patch is shown. Default: the best that needs no more replica-hours than now.")
    var point: Int?

    @Option(help: "Time zone of the proposed schedules, such as America/New_York.")
    var timeZone = "UTC"

    @Option(help: "Maximum time of the search, in seconds.")
    var timeLimit = 120

    @Option(help: "File for the patch. Default: standard output.")
    var patch: String?

    @Flag(help: "Write the proposals as JSON, each with its patch.")
    var json = false

    @OptionGroup(title: "Historical metrics (from plugins)") var history: HistoryOptions

    @OptionGroup(title: "The workload") var workloadOptions: WorkloadOptions

    /// A shorter part of the trace says little about other days.
    private static let longEnough: Duration = .seconds(2 * 86_400)

    func validate() throws {
        guard (traceOptions.trace == nil) != (history.from == nil) else {
            throw ValidationError("Give either --trace, a file with recorded metrics, or --from, to fetch them.")
        }
        guard (1...86_400).contains(timeLimit) else {
            throw ValidationError("--time-limit must be from 1 to 86400 seconds.")
        }
        guard point.map({ $0 > 0 }) ?? true else {
            throw ValidationError("--point must be a number from the table, 1 or more.")
        }
        do throws(TimeZoneProblem) {
            _ = try TimeZoneDirectory.system.zone(timeZone)
        } catch {
            throw ValidationError("--time-zone: \(error.message)")
        }
    }

    func run() async throws {
        do {
            try await tune()
        } catch let problem as FileProblem {
            throw fail(problem.description)
        } catch let problem as TraceError {
            throw fail(problem.description)
        }
    }

    private func tune() async throws {
        let scaler = try SimulatedScaler(path: file)
        try workloadOptions.requireKnown([scaler.fullName])
        let input = try await SimulationInput.read([scaler], traceOptions.read(), history)
        for note in input.trace.notes { warn("note: \(note)") }
        var spec = try scaler.spec(input.known)
        // A dry run would keep the recorded replicas with any settings.
        spec.isDryRun = false
        let reference = try input.backtest(spec, workloadOptions)
        let space = TuneSpace(base: scaler.json, spec: spec, schedules: try schedules(reference))
        let search = try TuneSearch(space, reference: reference) { json in
            guard var changed = try? scaler.spec(input.known, changed: json) else { return nil }
            changed.isDryRun = false
            return changed
        }
        var bar = ProgressBar("tuning")
        let start = ContinuousClock.now
        let result = try await search.run(
            elapsed: { (ContinuousClock.now - start) / .seconds(timeLimit) }, onProgress: { bar.update($0) })
        bar.clear()
        let report = TuneReport(result, name: scaler.name, trace: input.trace)
        let chosen = try chosen(report)
        write(json ? "\(report.json)\n" : report.text(chosen: chosen))
        if input.trace.end - input.trace.start < Self.longEnough {
            warn("warning: the trace covers \((input.trace.end - input.trace.start).words): other days may differ")
        }
        if let unknown = report.unknownWarning { warn("warning: \(unknown)") }
        guard let patch else { return }
        guard let chosen else {
            return warn("warning: no proposal is recommended, so \(patch) was not written: choose one with --point")
        }
        try FileText.write(Array(report.patch(chosen).utf8), to: patch)
        warn("The patch of proposal \(chosen + 1) is in \(patch).")
    }

    /// Returns the index of the proposal whose patch is shown; nil if there is none.
    private func chosen(_ report: TuneReport) throws -> Int? {
        guard let point else { return report.recommended }
        guard report.points.indices.contains(point - 1) else {
            throw FileProblem(
                path: "--point \(point)",
                message: "the table has \(report.points.count.counted("proposal")): choose one of them"
            )
        }
        return point - 1
    }

    /// Returns the schedules that the part of the trace suggests that the search sees.
    ///
    /// - Throws: `ExitCode` if too much of the trace has no data.
    private func schedules(_ reference: Backtest) throws -> [JSON] {
        var shape = DayShape(zone: try TimeZoneDirectory.system.zone(timeZone))
        let end = TuneSearch.split(reference.trace)
        let counted = reference.spec.metrics.indices.filter { reference.arePerReplica[$0] }
        let summary = reference.run { step in
            guard step.decision.time < end else { return }
            let needs = counted.compactMap { index in
                step.metrics[index].demand.map { $0 / reference.spec.metrics[index].target }
            }
            if let most = needs.max() { shape.add(most, at: step.decision.time) }
        }
        guard summary.shareUnknown <= BacktestSummary.acceptableUnknownShare else {
            throw fail(
                "\((100 * summary.shareUnknown).text(decimals: 2))% of the time has no data, which is too little to compare "
                    + "settings. Check the names of metrics and the range of time.")
        }
        return shape.schedules(
            leadTime: reference.workload.startupDelay + reference.spec.pollingInterval,
            bounds: max(0, reference.spec.minReplicas)...reference.spec.maxReplicas)
    }

    private func warn(_ message: String) { StandardStreams.write(Array("\(message)\n".utf8), to: STDERR_FILENO) }

    private func write(_ text: String) { StandardStreams.write(Array(text.utf8), to: STDOUT_FILENO) }

    private func fail(_ message: String) -> ExitCode {
        warn(message)
        return .failure
    }
}
