import Scaling

/// Where the recorded values of a metric come from.
enum MetricCells {
    /// A column of the trace.
    case column(Int)
    /// Computed from columns: each with the metric's name and the maximum age of its values.
    case formula(Formula, [(name: String, column: Int, maxAge: Duration)])

    /// What the trace says of a metric at one time.
    struct Recorded {
        let observation: MetricObservation
        /// Of a formula, with its inputs filled in.
        let filled: String?
    }

    func recorded(_ sample: Trace.Sample, observedAt: Timestamp, now: Timestamp) -> Recorded {
        switch self {
        case .column(let column):
            return Recorded(observation: sample.observation(column, observedAt: observedAt), filled: nil)
        case .formula(let formula, let inputs):
            let readings = inputs.map { input in
                let observation = sample.observation(input.column, observedAt: observedAt)
                return (input.name, observation.checked(maxAge: input.maxAge, now: now))
            }
            let result = formula.evaluate(Dictionary(readings) { first, _ in first }, now: now)
            return Recorded(observation: result.observation, filled: result.filled)
        }
    }
}

extension Trace.Sample {
    func observation(_ column: Int, observedAt: Timestamp) -> MetricObservation {
        switch cells[column] {
        case .noData: .noData("the trace has no value")
        case .failed: .failed("the trace has a failed reading")
        case .value(let value): .value(value, observedAt: observedAt)
        }
    }
}
