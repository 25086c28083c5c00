import Backtest
import CommandSupport
import ScalerAPI
import Scaling

/// Recorded metrics, and what is known of them, for all runs of a command.
struct SimulationInput {
    let trace: Trace
    /// The names of the metrics of all scalers, those of the first scaler first.
    let metrics: [String]
    /// The plugins' reasons for gaps in the history.
    var gaps: [String] = []
    var known: SimulatedScaler.Declarations = [:]
    /// Whether values of target type Value are per replica, because they come from history.
    var isAsRead = false

    /// Reads the trace, or fetches the history of the first scaler's metrics.
    static func read(
        _ scalers: [SimulatedScaler], _ traceOptions: TraceOptions, _ history: HistoryOptions
    ) async throws -> SimulationInput {
        let metrics = scalers.flatMap { $0.parsed.metricNames }
        if let trace = try traceOptions.read() { return SimulationInput(trace: trace, metrics: metrics) }
        guard let scaler = scalers.first, let history = try await history.fetch(scaler) else {
            preconditionFailure("validate() asks for a trace or a history")
        }
        let declared = zip(scaler.parsed.metrics, history.declarations).map { metric, declaration in
            (metric.type, declaration)
        }
        return SimulationInput(
            trace: history.trace, metrics: metrics, gaps: history.gaps,
            known: Dictionary(declared, uniquingKeysWith: { first, _ in first }), isAsRead: true)
    }

    /// - Throws: ``TraceError`` if a metric is not in the trace, or the load does not follow from its values.
    func backtest(
        _ spec: ScalingSpec, _ options: WorkloadOptions, comparedWith reference: Backtest? = nil
    ) throws -> Backtest {
        let workload = try options.workload(metrics: spec.metrics.map(\.name), known: metrics)
        let backtest = try Backtest(spec: spec, trace: trace, workload: workload, reference: reference)
        guard !isAsRead || !backtest.takesValuesForTotals else {
            throw TraceError(
                "A metric with targetType Value is per replica: set --recorded-replicas to the replicas at that time, or "
                    + "--as-recorded if its value does not depend on the replicas.")
        }
        return backtest
    }
}
