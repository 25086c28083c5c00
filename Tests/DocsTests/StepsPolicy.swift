package import ScalerAPI
package import Scaling
package import WireFormats

/// Recommends a fixed number of replicas for each range of the first metric's value, for a load with known needs.
package struct StepsPolicy: ConfigurablePolicy {
    package static let type = "steps"
    package static let fields = ["steps"]

    struct Step {
        var above: Double
        var replicas: Int
    }

    private let steps: [Step]

    package init(config: PolicyConfig) throws(JSONPathError) {
        var steps: [Step] = []
        for step in try config.reader.required("steps").elements() {
            steps.append(
                Step(
                    above: try step.required("above").double(),
                    replicas: try step.required("replicas").int(in: 1...1_000)
                ))
        }
        self.steps = steps.sorted { $0.above < $1.above }
    }

    package var config: JSON {
        ["steps": .array(steps.map { ["above": .number($0.above), "replicas": .integer(Int64($0.replicas))] })]
    }

    package func recommend(_ input: PolicyInput) -> PolicyRecommendation {
        var records = zip(input.metrics, input.observations).map { metric, observation in
            MetricRecord(
                name: metric.name, observation: observation, target: metric.target, targetType: metric.targetType
            )
        }
        if let value = input.observations.first?.value {
            // A policy recommends at least 1 while there are replicas: the SafeScaler decides on scaling to 0.
            let least = input.current > 0 ? 1 : 0
            records[0].recommended = steps.last { value > $0.above }?.replicas ?? least
        }
        return PolicyRecommendation(records: records, replicas: records.first?.recommended)
    }
}
