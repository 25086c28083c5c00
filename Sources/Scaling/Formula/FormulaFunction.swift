/// A function that a formula may call.
enum FormulaFunction: String, Sendable, CaseIterable {
    case abs, avg, ceil, clamp, floor, max, min, round, sum

    /// How many numbers it takes.
    var arguments: ClosedRange<Int> {
        switch self {
        case .abs, .ceil, .floor, .round: 1...1
        case .clamp: 3...3
        case .avg, .max, .min, .sum: 1...Formula.Limits.nodes
        }
    }

    var argumentsText: String {
        switch self {
        case .abs, .ceil, .floor, .round: "one number"
        case .clamp: "a number, the least and the greatest that it may be"
        case .avg, .max, .min, .sum: "one number or more"
        }
    }

    /// The choice between two branches, which is no function of numbers.
    static let condition = "if"

    static let namesText = (allCases.map(\.rawValue) + [condition]).sorted().joined(separator: ", ")
}
