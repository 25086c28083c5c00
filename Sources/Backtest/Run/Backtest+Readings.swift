import Scaling

extension Backtest {
    /// Returns what the scaler reads at a time, and the load behind it.
    ///
    /// - Parameter index: the newest sample up to then; nil before the trace begins.
    func polled(_ index: Int?, ready: Int, at now: Timestamp) -> Readings {
        guard let index else { return Readings(none: self) }
        let sample = trace.samples[index]
        let recorded = sample.replicas ?? workload.recordedReplicas
        let observedAt = trace.observationTime(of: sample, at: now)
        var readings = Readings(inputs: inputColumns.map { sample.observation($0, observedAt: observedAt) })
        for model in models {
            let cells = model.source.recorded(sample, observedAt: observedAt, now: now)
            let observation = model.observation(cells.observation, recordedReplicas: recorded, ready: ready)
            if let filled = cells.filled {
                readings.results[model.metric.name] = Formula.Result(
                    observation: observation,
                    filled: model.filled(filled, recordedReplicas: recorded, ready: ready))
            }
            readings.observations.append(observation)
            // After a gap the load is unknown; of a formula it then has no value.
            let isKnown = cells.filled != nil || now - observedAt <= model.metric.maxAge
            let demand = isKnown ? model.demand(cells.observation, recordedReplicas: recorded) : nil
            readings.metrics.append(
                BacktestStep.Metric(
                    demand: demand, load: model.load(demand: demand, ready: ready),
                    standing: model.standing(demand: demand, ready: ready)))
        }
        return readings
    }

    /// What a scaler reads at one poll.
    struct Readings {
        var observations: [MetricObservation] = []
        var inputs: [MetricObservation]
        var results: [String: Formula.Result] = [:]
        var metrics: [BacktestStep.Metric] = []

        init(inputs: [MetricObservation]) {
            self.inputs = inputs
        }

        /// Before the trace begins, nothing is known.
        init(none backtest: Backtest) {
            let noData = MetricObservation.noData("the trace has not begun")
            inputs = backtest.inputColumns.map { _ in noData }
            observations = backtest.models.map { _ in noData }
            metrics = backtest.models.map {
                BacktestStep.Metric(demand: nil, load: nil, standing: $0.standing(demand: nil, ready: 0))
            }
        }
    }
}
