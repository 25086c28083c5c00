/// What the metrics of a spec say at one decision: checked for age and sense, with the formulas computed.
struct CheckedMetrics {
    /// One for each metric of the spec, in the same order.
    private(set) var observations: [MetricObservation] = []
    let inputs: [InputRecord]
    private var formulas: [String: FormulaRecord] = [:]
    private let activity: [String: Bool]

    private static let notPolled = MetricObservation.noData("it was not polled")

    init(_ input: DecisionInput) {
        let (spec, now) = (input.spec, input.now)
        activity = input.activity
        inputs = spec.inputs.enumerated().map { index, metric in
            let observation = index < input.inputs.count ? input.inputs[index] : Self.notPolled
            return InputRecord(name: metric.name, observation: observation.checked(maxAge: metric.maxAge, now: now))
        }
        observations = spec.metrics.enumerated().map { index, metric in
            guard index < input.observations.count else { return Self.notPolled }
            return input.observations[index].checked(by: metric, now: now)
        }
        guard spec.metrics.contains(where: { $0.formula != nil }) else { return }
        var readings = Dictionary(inputs.map { ($0.name, $0.observation) }) { first, _ in first }
        for (metric, observation) in zip(spec.metrics, observations) where metric.formula == nil {
            readings[metric.name] = observation
        }
        for (index, metric) in spec.metrics.enumerated() {
            guard let formula = metric.formula else { continue }
            let result = input.results[metric.name] ?? formula.evaluate(readings, now: now)
            observations[index] = result.observation.checked(by: metric, now: now)
            formulas[metric.name] = FormulaRecord(text: formula.text, filled: result.filled)
        }
    }

    /// Returns the policy's records with the formulas that gave the values, and what the sources say of their activity.
    func described(_ records: [MetricRecord]) -> [MetricRecord] {
        guard !formulas.isEmpty || !activity.isEmpty else { return records }
        return records.map { record in
            var described = record
            described.formula = formulas[record.name]
            described.isActive = record.observation.value == nil ? nil : activity[record.name]
            return described
        }
    }
}
