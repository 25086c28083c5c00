import Backtest
import CommandSupport
import ScalerAPI
import Scaling

/// Recorded metrics, and what is known of them, for all runs of a command.
struct SimulationInput {
    let trace: Trace
    /// The namespace and name of the scaler that options can name.
    let scaler: String
    /// The names of the metrics of all scalers, those of the first scaler first.
    let metrics: [String]
    /// The plugins' reasons for gaps in the history.
    var gaps: [String] = []
    var known: SimulatedScaler.Declarations = [:]
    /// Whether values of target type Value are per replica, because they come from history.
    var isAsRead = false

    /// Takes the trace, or fetches the history of the first scaler's metrics.
    static func read(
        _ scalers: [SimulatedScaler], _ trace: Trace?, _ history: HistoryOptions
    ) async throws -> SimulationInput {
        let metrics = scalers.flatMap { $0.parsed.metricNames }
        let key = scalers.first?.fullName ?? ""
        if let trace { return SimulationInput(trace: trace, scaler: key, metrics: metrics) }
        guard let scaler = scalers.first, let history = try await history.fetch(scaler) else {
            preconditionFailure("validate() asks for a trace or a history")
        }
        let declared = zip(scaler.parsed.metrics, history.declarations).map { metric, declaration in
            (metric.type, declaration)
        }
        return SimulationInput(
            trace: history.trace, scaler: key, metrics: metrics, gaps: history.gaps,
            known: Dictionary(declared, uniquingKeysWith: { first, _ in first }), isAsRead: true)
    }

    /// - Throws: ``TraceError`` if a metric is not in the trace, or the load does not follow from its values.
    ///
    /// - Parameter price: the price of a replica unless the options have one; nil for that of the policy.
    func backtest(
        _ spec: ScalingSpec, _ options: WorkloadOptions, comparedWith reference: Backtest? = nil, price: Double? = nil
    ) throws -> Backtest {
        var workload = try options.workload(of: scaler, metrics: spec.metrics.map(\.name), known: metrics)
        workload.pricePerReplicaHour = workload.pricePerReplicaHour ?? price
        let backtest = try Backtest(spec: spec, trace: trace, workload: workload, reference: reference)
        guard !isAsRead || !backtest.takesValuesForTotals else {
            throw TraceError(
                "A metric with targetType Value is per replica: set --recorded-replicas to the replicas at that time, or "
                    + "--as-recorded if its value does not depend on the replicas.")
        }
        return backtest
    }
}
