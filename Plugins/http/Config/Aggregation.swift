import PluginSDK

/// How several values become one.
enum Aggregation: String, CaseIterable, ConfigValue {
    case sum
    case max
    case min
    case avg
    case count

    /// - Parameter values: at least one.
    func combined(_ values: [Double]) -> Double {
        let sum = values.reduce(0, +)
        return switch self {
        case .sum: sum
        case .max: values.max() ?? sum
        case .min: values.min() ?? sum
        case .avg: sum / Double(values.count)
        case .count: Double(values.count)
        }
    }
}
