/// The margin above the expected levels of one method, and how well both together have predicted.
///
/// The margin follows its own misses: a level above it widens it, any other narrows it a little, so that in the long run
/// the wanted share of levels is below, regardless of the load. Source: Gibbs and Candès, "Adaptive Conformal Inference
/// Under Distribution Shift" (2021), in the form of the quantile tracker of Angelopoulos, Candès and Tibshirani,
/// "Conformal PID Control for Time Series Prediction" (2023). The step is a share of the method's usual error.
struct ConformalQuantile: Sendable, Hashable {
    /// The errors after which the margin is no longer the greatest error so far, and the losses count.
    static let warmUp = 20.0
    private static let step = 0.3
    /// Of the usual error.
    private static let errorWeight = 0.005
    private static let leastError = 1e-4

    private(set) var margin = 0.0
    private var usualError = 0.1
    private var seen = 0.0
    /// Over the last week.
    private(set) var longLoss = DecayingMean(halfLife: 7 * LoadHistory.bucketsPerDay)
    /// Over the last day, which decides how much a method counts.
    private(set) var shortLoss = DecayingMean(halfLife: 3 * LoadHistory.bucketsPerDay / 4)

    var isTrained: Bool { shortLoss.weight > 0 }

    mutating func learn(_ level: Double, expected: Double, quantile: Double) {
        let error = level - expected
        seen += 1
        if seen >= Self.warmUp {
            let loss = Self.loss(error - margin, quantile)
            longLoss.add(loss)
            shortLoss.add(loss)
        }
        usualError += (abs(error) - usualError) * max(Self.errorWeight, 1 / seen)
        guard seen > Self.warmUp else {
            margin = max(margin, error)
            return
        }
        let isMiss = error > margin
        margin += Self.step * max(usualError, Self.leastError) * ((isMiss ? 1 : 0) - (1 - quantile))
        margin = max(0, margin)
    }

    /// The quantile loss, which the true quantile minimizes. Source: Koenker and Bassett, "Regression Quantiles" (1978).
    static func loss(_ excess: Double, _ quantile: Double) -> Double {
        excess > 0 ? quantile * excess : (quantile - 1) * excess
    }
}

/// A mean in which a number counts half after some others.
struct DecayingMean: Sendable, Hashable {
    private let decay: Double
    private var sum = 0.0
    private(set) var weight = 0.0

    init(halfLife: Int) {
        decay = Logarithm.exp(-Logarithm.log(2) / Double(halfLife))
    }

    mutating func add(_ number: Double) {
        sum = sum * decay + number
        weight = weight * decay + 1
    }

    var value: Double { weight > 0 ? sum / weight : 0 }
}
