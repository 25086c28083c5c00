package import Backtest
import ScalerAPI
package import Scaling
import WireFormats

/// A replay of a scaler's spec and of a changed one, on the same readings, with the production engine.
package struct SpecReplay: Sendable {
    package let present: SpecDraft
    package let changed: SpecDraft
    package let readings: ReplayReadings
    /// How far back the comparison begins; earlier readings serve forecasts alone.
    package let seconds: Int
    /// Both run on this target.
    package let workload: Workload
    private let runs: (present: Backtest, changed: Backtest)
    package let notes: [String]

    package enum Limits {
        /// The time that a comparison may cover.
        package static let seconds = 60...7 * 86_400
        /// Polls of one run.
        package static let polls = 250_000
        /// Entries of each list of the answer.
        package static let differences = 500
        package static let points = 4_000
    }

    /// What a replay leaves out.
    package static let assumptions =
        "Not replayed: ScalingBudgets, pods that are not ready for long, the plugins' upper bounds of useful replicas, and "
        + "changes by other clients. The history before the first reading, such as a cooldown that had begun, is unknown."

    /// - Parameters:
    ///   - targetTypes: those that plugins have declared, by the name of the metric.
    ///   - seconds: how far back from the last reading; clamped to ``Limits/seconds``.
    /// - Throws: ``WhatIfProblem`` if a spec cannot be replayed on these readings.
    package init(
        present: SpecDraft, changed: SpecDraft, targetTypes: [String: MetricSpec.TargetType] = [:],
        readings: ReplayReadings, seconds: Int, workload: Workload = Workload()
    ) throws(WhatIfProblem) {
        self.present = present
        self.changed = changed
        self.readings = readings
        self.workload = workload
        self.seconds = min(max(seconds, Limits.seconds.lowerBound), Limits.seconds.upperBound)
        var notes = readings.notes
        if readings.end - readings.trace.start < .seconds(self.seconds) - readings.resolution {
            notes.append(
                "The readings begin at \(readings.trace.start.rfc3339(.seconds)): the replay is shorter than asked for."
            )
        }
        var specs: [ScalingSpec] = []
        for draft in [present, changed] {
            var spec = try draft.scalingSpec(targetTypes)
            if readings.hasComputedFormulas { try Self.useComputedFormulas(of: &spec, present: present) }
            if spec.isDryRun || spec.isPaused, specs.isEmpty {
                notes.append("The scaler does not scale at present: both specs are replayed as Active.")
            }
            (spec.isDryRun, spec.isPaused) = (false, false)
            specs.append(spec)
        }
        let start = readings.end + .seconds(-self.seconds)
        let history = specs.compactMap(\.forecast).filter { $0.mode != .off }.map(\.historyDays).max() ?? 0
        let trace = try Self.trace(readings.trace, from: start + .seconds(-86_400 * history))
        let shortest = specs.map(\.pollingInterval).min() ?? .seconds(15)
        guard (trace.end - trace.start) / shortest < Double(Limits.polls) else {
            throw WhatIfProblem("the replay has more than \(Limits.polls) polls: choose a shorter time")
        }
        do throws(TraceError) {
            let first = try Backtest(spec: specs[0], trace: trace, workload: workload)
            runs = (first, try Backtest(spec: specs[1], trace: trace, workload: workload, reference: first))
        } catch {
            throw WhatIfProblem(Self.meaning(of: error, readings.origin))
        }
        if let interval = specs.map(\.pollingInterval).min(), readings.resolution > interval, readings.origin != .memory
        {
            notes.append(
                "The readings are \(readings.resolution.shortText) apart, which is coarser than the polling interval of "
                    + "\(interval.shortText): shorter peaks are missing.")
        }
        if runs.present.takesValuesForTotals || runs.changed.takesValuesForTotals {
            guard readings.origin == .trace else {
                throw WhatIfProblem(
                    "a metric with targetType Value is per replica: give the replicas at the time of the readings")
            }
            notes.append(
                "The trace does not have the replicas: values of metrics with targetType Value count as totals of all "
                    + "replicas.")
        }
        self.notes = notes
    }

    /// The first time that counts.
    var start: Timestamp { max(runs.present.trace.start, readings.end + .seconds(-seconds)) }

    /// The memory has the value of a formula and not those of its inputs.
    private static func useComputedFormulas(of spec: inout ScalingSpec, present: SpecDraft) throws(WhatIfProblem) {
        for index in spec.metrics.indices {
            guard let formula = spec.metrics[index].formula else { continue }
            let name = spec.metrics[index].name
            guard present.spec.formulas.contains(where: { $0.name == name && $0.formula == formula }) else {
                throw WhatIfProblem(
                    "the operator's memory has no values for the changed formula of \(name): replay a trace with the "
                        + "values of its inputs")
            }
            spec.metrics[index].formula = nil
        }
        let names = Set(spec.policy.demandPolicy?.objective.map { [$0.metric, $0.longMetric] } ?? [])
        if let input = spec.inputs.first(where: { names.contains($0.name) }) {
            throw WhatIfProblem(
                "the operator's memory has no values of \(input.name), which the objective needs: replay a trace")
        }
        spec.inputs = []
    }

    private static func trace(_ trace: Trace, from start: Timestamp) throws(WhatIfProblem) -> Trace {
        guard trace.start < start else { return trace }
        let samples = Array(trace.samples[(trace.samples.firstIndex { $0.time >= start } ?? 0)...])
        do throws(TraceError) {
            return try Trace(metrics: trace.metrics, samples: samples)
        } catch {
            throw WhatIfProblem("the time is too short for these readings: choose a longer one")
        }
    }

    private static func meaning(of error: TraceError, _ origin: ReplayReadings.Origin) -> String {
        switch origin {
        case .memory: "the operator's memory \(error)"
        case .trace: "the trace \(error)"
        case .range: "the history \(error)"
        }
    }

    // MARK: Running

    /// Replays both specs.
    ///
    /// - Parameter recordsReport: whether the outcome has what ``SpecComparison/report(title:)`` needs.
    /// - Throws: `CancellationError` if the task was cancelled.
    @concurrent
    package func run(recordsReport: Bool = false) async throws(CancellationError) -> SpecComparison {
        let present = try run(runs.present, name: "present", recordsReport)
        let changed = try run(runs.changed, name: "changed", recordsReport)
        return SpecComparison(self, present: present, changed: changed)
    }

    private func run(
        _ backtest: Backtest, name: String, _ recordsReport: Bool
    ) throws(CancellationError) -> SpecComparison.Run {
        var run = SpecComparison.Run(name: name, backtest: backtest)
        var recording = ReportRecording(name: name, backtest: backtest)
        let start = start
        run.summary = try backtest.run(countingFrom: start) { step throws(CancellationError) in
            if Task.isCancelled { throw CancellationError() }
            run.learn(step)
            guard step.decision.time >= start else { return }
            run.add(step)
            if recordsReport { recording.add(step) }
        }
        if recordsReport { run.recording = recording }
        return run
    }
}
