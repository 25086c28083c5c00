extension Formula {
    /// The value of a formula at one poll.
    package struct Result: Sendable, Hashable {
        package var observation: MetricObservation
        /// The formula with its inputs filled in, such as `84 / max(2, 1)`.
        package var filled: String

        package init(observation: MetricObservation, filled: String) {
            self.observation = observation
            self.filled = filled
        }
    }

    /// Computes the formula.
    ///
    /// Missing in, missing out, except in the branch that `if` does not take; a failure counts for more than no data,
    /// so that `??` cannot hide it. The result is assumed if `??` replaced something or an input is assumed, and was
    /// observed when the oldest input used was.
    ///
    /// - Parameters:
    ///   - readings: by metric, already checked for age and sense; a metric without one has no data.
    ///   - now: the time of a result for which no input was used.
    package func evaluate(_ readings: [String: MetricObservation], now: Timestamp) -> Result {
        var evaluation = FormulaEvaluation(formula: self, readings: readings)
        let outcome = evaluation.outcome(of: root)
        let observedAt = evaluation.oldest ?? now
        let observation: MetricObservation =
            switch outcome {
            case .noData(let why): .noData(why)
            case .failed(let why): .failed(why)
            case .value(let value) where evaluation.isAssumed: .assumed(value, observedAt: observedAt)
            case .value(let value): .value(value, observedAt: observedAt)
            }
        return Result(observation: observation, filled: filled(with: readings))
    }

    /// Returns the formula, or a part of it, in one line with the values of the metrics in place of their names.
    func filled(_ place: Range<Int>? = nil, with readings: [String: MetricObservation]) -> String {
        let bytes = Array(text.utf8)
        let place = place ?? 0..<bytes.count
        var (result, position) = ("", place.lowerBound)
        for mention in mentions where place.contains(mention.range.lowerBound) {
            result += String(decoding: bytes[position..<mention.range.lowerBound], as: UTF8.self)
            result += (readings[mention.name] ?? .notRead).shortText
            position = mention.range.upperBound
        }
        result += String(decoding: bytes[position..<place.upperBound], as: UTF8.self)
        return Self.line(result)
    }

    /// The formula in one line.
    package var line: String { Self.line(text) }

    private static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.count > Limits.shownCharacters ? "\(line.prefix(Limits.shownCharacters))…" : line
    }
}

extension MetricObservation {
    fileprivate static let notRead = MetricObservation.noData("it was not polled")

    fileprivate var shortText: String {
        switch self {
        case .value(let value, _), .assumed(let value, _): value.shortText
        case .noData: "no data"
        case .failed: "failed"
        }
    }
}

/// A run through a formula's tree.
private struct FormulaEvaluation {
    enum Outcome {
        case value(Double)
        case noData(String)
        case failed(String)
    }

    let formula: Formula
    let readings: [String: MetricObservation]
    /// `??` replaced something, or an input is assumed.
    private(set) var isAssumed = false
    /// Of the inputs used.
    private(set) var oldest: Timestamp?

    init(formula: Formula, readings: [String: MetricObservation]) {
        self.formula = formula
        self.readings = readings
    }

    mutating func outcome(of node: FormulaNode) -> Outcome {
        switch node {
        case .number(let value): return .value(value)
        case .metric(let name): return reading(name)
        case .negation(let operand): return combine([operand]) { -$0[0] }
        case .arithmetic(let operation, let left, let right, let place):
            return checked(combine([left, right]) { operation.result($0[0], $0[1]) }, place)
        case .comparison(let comparison, let left, let right):
            return combine([left, right]) { comparison.holds($0[0], $0[1]) ? 1 : 0 }
        case .not(let operand): return combine([operand]) { 1 - $0[0] }
        case .and(let left, let right): return combine([left, right]) { min($0[0], $0[1]) }
        case .or(let left, let right): return combine([left, right]) { max($0[0], $0[1]) }
        case .coalescing(let left, let right):
            let found = outcome(of: left)
            guard case .noData = found else { return found }
            isAssumed = true
            return outcome(of: right)
        case .condition(let condition, let then, let otherwise):
            let choice = outcome(of: condition)
            guard case .value(let isTrue) = choice else { return choice }
            return outcome(of: isTrue > 0 ? then : otherwise)
        case .call(let function, let arguments, let place):
            return checked(combine(arguments, function.result), place)
        }
    }

    private mutating func reading(_ name: String) -> Outcome {
        switch readings[name] ?? .notRead {
        case .noData(let why): return .noData("\(name) has no data: \(why)")
        case .failed(let why): return .failed("\(name) could not be read: \(why)")
        case .assumed(let value, let observedAt):
            isAssumed = true
            return use(value, observedAt, name)
        case .value(let value, let observedAt): return use(value, observedAt, name)
        }
    }

    private mutating func use(_ value: Double, _ observedAt: Timestamp, _ name: String) -> Outcome {
        guard value.isFinite else { return .noData("\(name) is not a finite number") }
        oldest = min(oldest ?? observedAt, observedAt)
        return .value(value)
    }

    /// Evaluates all operands and applies the function. If any failed, the result is the first failure; otherwise, if
    /// any has no data, the first of those.
    private mutating func combine(_ operands: [FormulaNode], _ function: ([Double]) -> Double) -> Outcome {
        var values: [Double] = []
        var missing: Outcome?
        var failure: Outcome?
        for operand in operands {
            let found = outcome(of: operand)
            switch found {
            case .value(let value): values.append(value)
            case .noData: missing = missing ?? found
            case .failed: failure = failure ?? found
            }
        }
        return failure ?? missing ?? .value(function(values))
    }

    /// Returns no data in place of what is no finite number.
    private func checked(_ outcome: Outcome, _ place: Range<Int>) -> Outcome {
        guard case .value(let value) = outcome, !value.isFinite else { return outcome }
        return .noData("\(formula.filled(place, with: readings)) is not a finite number")
    }
}

extension FormulaNode.Arithmetic {
    /// A division by zero is never finite, and so has no data.
    fileprivate func result(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        // With the sign of the dividend, as in C and PromQL.
        case .remainder: left.truncatingRemainder(dividingBy: right)
        }
    }
}

extension FormulaNode.Comparison {
    fileprivate func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}

extension FormulaFunction {
    fileprivate func result(_ numbers: [Double]) -> Double {
        switch self {
        case .abs: numbers[0].magnitude
        case .ceil: numbers[0].rounded(.up)
        case .floor: numbers[0].rounded(.down)
        // Halves away from zero.
        case .round: numbers[0].rounded(.toNearestOrAwayFromZero)
        case .sum: numbers.reduce(0, +)
        case .avg: numbers.reduce(0, +) / Double(numbers.count)
        case .min: numbers.dropFirst().reduce(numbers[0], Swift.min)
        case .max: numbers.dropFirst().reduce(numbers[0], Swift.max)
        // Without a value that is within its bounds, if they are the wrong way round.
        case .clamp: numbers[1] > numbers[2] ? .nan : Swift.min(Swift.max(numbers[0], numbers[1]), numbers[2])
        }
    }
}
