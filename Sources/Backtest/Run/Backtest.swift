package import Scaling

/// Runs the production decision engine on a trace, with a simulated clock.
package struct Backtest: Sendable {
    package let spec: ScalingSpec
    package let trace: Trace
    package let workload: Workload
    let models: [MetricModel]
    /// The column of each input of the spec, in the same order.
    let inputColumns: [Int]
    /// The price of one replica for one hour; nil if unknown.
    package let price: Double?

    /// Polls between two reports of progress.
    private static let progressInterval = 2_048

    /// - Parameter reference: the backtest that this one is compared with. Its replicas can take as much and cost as
    ///   much, unless the workload says otherwise: a scaler with a higher target does not make replicas faster.
    /// - Throws: ``TraceError`` if a metric of the spec is not in the trace.
    package init(
        spec: ScalingSpec, trace: Trace, workload: Workload = Workload(), reference: Backtest? = nil
    ) throws(TraceError) {
        self.spec = spec
        self.trace = trace
        self.workload = workload
        models = try Self.models(spec, trace, workload, reference)
        var columns: [Int] = []
        for input in spec.inputs { columns.append(try Self.column(of: input.name, spec, trace)) }
        inputColumns = columns
        price =
            workload.pricePerReplicaHour ?? (spec.policy as? CostPolicy)?.costPerPodPerHour ?? reference?.price
    }

    private static func models(
        _ spec: ScalingSpec, _ trace: Trace, _ workload: Workload, _ reference: Backtest?
    ) throws(TraceError) -> [MetricModel] {
        let demand = spec.policy.demandPolicy
        let objective = demand?.objective.map { [$0.metric, $0.longMetric] } ?? []
        let tolerance = demand?.scaleUpTolerance ?? Tolerance.standard
        var models: [MetricModel] = []
        for metric in spec.metrics {
            let isObjective = objective.contains(metric.name)
            let kind: MetricModel.Kind =
                if isObjective || workload.replayed.contains(metric.name) { .replayed } else {
                    metric.targetType == .value ? .perReplica : .total
                }
            let source = try cells(of: metric, spec, trace)
            let capacity =
                workload.capacities[metric.name] ?? reference?.capacity(of: metric.name, source)
                ?? metric.target * (1 + tolerance)
            models.append(
                MetricModel(metric: metric, kind: kind, source: source, capacity: isObjective ? nil : capacity))
        }
        return models
    }

    private static func cells(
        of metric: MetricSpec, _ spec: ScalingSpec, _ trace: Trace
    ) throws(TraceError) -> MetricCells {
        guard let formula = metric.formula else { return .column(try column(of: metric.name, spec, trace)) }
        let ages = spec.inputs.map { ($0.name, $0.maxAge) } + spec.metrics.map { ($0.name, $0.maxAge) }
        let maxAge = Dictionary(ages) { first, _ in first }
        var inputs: [(name: String, column: Int, maxAge: Duration)] = []
        for name in formula.names {
            inputs.append((name, try column(of: name, spec, trace), maxAge[name] ?? .zero))
        }
        return .formula(formula, inputs)
    }

    private static func column(
        of name: String, _ spec: ScalingSpec, _ trace: Trace
    ) throws(TraceError) -> Int {
        try trace.column(
            of: name, amongst: spec.metrics.count { $0.formula == nil } + spec.inputs.count)
    }

    /// Whether a metric's load is spread over the replicas, metric by metric; else it is one value for all.
    package var arePerReplica: [Bool] { models.map { $0.kind != .replayed } }

    /// The load that one ready replica can take, metric by metric; nil if a metric does not count.
    package var capacities: [Double?] { models.map(\.capacity) }

    private func capacity(of name: String, _ source: MetricCells) -> Double? {
        models.first { model in
            if case .column(let column) = source, case .column(column) = model.source { return true }
            return model.metric.formula != nil && model.metric.name == name
        }?.capacity
    }

    /// Whether the values of a metric of target type Value are taken for the load of all replicas, since nothing says
    /// with how many they were recorded.
    package var takesValuesForTotals: Bool {
        workload.recordedReplicas == nil && trace.samples[0].replicas == nil
            && models.contains { $0.kind == .perReplica }
    }

    /// - Parameters:
    ///   - first: the time from which polls count in the summary; nil for all.
    ///   - onProgress: called periodically with the completed fraction.
    ///   - onStep: called for each poll, in order.
    package func run<Failure: Error>(
        countingFrom first: Timestamp? = nil, onProgress: (Double) -> Void = { _ in },
        onStep: (BacktestStep) throws(Failure) -> Void
    ) throws(Failure) -> BacktestSummary {
        var run = BacktestRun(self)
        let length = (trace.end - trace.start) / .seconds(1)
        while run.now <= trace.end {
            let isCounted = run.now >= first ?? run.now
            try onStep(run.step(isCounted: isCounted, deciding: DecisionEngine.decide))
            if run.summary.polls % Self.progressInterval == 0 {
                onProgress((run.now - trace.start) / .seconds(1) / length)
            }
        }
        onProgress(1)
        return run.summary
    }

    /// The replicas at the start of the trace.
    package var initialReplicas: Int {
        workload.initialReplicas ?? trace.samples[0].replicas ?? workload.recordedReplicas
            ?? max(1, spec.effective(at: trace.start).spec.minReplicas)
    }

    /// Returns what another autoscaler reads at a sample with so many ready replicas.
    func readings(_ index: Int, ready: Int, at now: Timestamp) -> [HPAModel.Reading] {
        let sample = trace.samples[index]
        let recorded = sample.replicas ?? workload.recordedReplicas
        let observedAt = trace.observationTime(of: sample, at: now)
        return models.map { model in
            let cells = model.source.recorded(sample, observedAt: observedAt, now: now)
            let observation = model.observation(cells.observation, recordedReplicas: recorded, ready: ready)
            // After a gap the value is unknown.
            return HPAModel.Reading(
                metric: model.metric, value: now - observedAt <= model.metric.maxAge ? observation.value : nil)
        }
    }
}
