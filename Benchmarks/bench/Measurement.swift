import WireFormats

/// A measured number with its baseline and goal.
struct Measurement {
    enum Goal {
        case atMost(Double)
        case atLeast(Double)

        var bound: Double {
            switch self {
            case .atMost(let bound), .atLeast(let bound): bound
            }
        }

        func isMet(by value: Double) -> Bool {
            switch self {
            case .atMost(let bound): value <= bound
            case .atLeast(let bound): value >= bound
            }
        }

        var text: String {
            switch self {
            case .atMost(let bound): "<= \(Table.number(bound))"
            case .atLeast(let bound): ">= \(Table.number(bound))"
            }
        }
    }

    var name: String
    var value: Double
    var unit: String
    /// The same value for the limit of the machine, measured alternately in the same run.
    var baseline: Double?
    /// A goal for the ratio to the baseline or, without a baseline, for the value.
    var goal: Goal?

    var ratio: Double? { baseline.map { value / $0 } }
    var isMet: Bool? { goal.map { $0.isMet(by: ratio ?? value) } }

    var json: JSON {
        [
            "name": .string(name), "value": .number(value), "unit": .string(unit),
            "baseline": baseline.map { .number($0) } ?? .null, "ratio": ratio.map { .number($0) } ?? .null,
            "goal": goal.map { .string($0.text) } ?? .null, "ok": isMet.map { .bool($0) } ?? .null,
        ]
    }
}
