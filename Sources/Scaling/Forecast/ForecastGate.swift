/// Decides whether a forecast may add replicas: only while it has lately been better than the best simple rule, and not
/// too expensive.
///
/// The simple rules are the present load, the mean and the maximum of the last hour, and the maximum of the last quarter of
/// an hour. Each has a margin of its own at the same quantile, since the mean of noise alone beats the present load. What
/// is compared is the quantile loss of logarithms.
struct ForecastGate: Sendable, Hashable {
    /// The skill from which a closed gate opens, and below which an open one closes. A skill of 0.1 is a loss that is 10%
    /// less than that of the best rule.
    static let opening = 0.1
    static let closing = 0.02
    /// The forecasts that count before the gate may open: nearly a day.
    static let leastScored = 270.0
    /// A gate that closed because of the increase opens below this share of what is allowed.
    fileprivate static let increaseToOpen = 0.8

    /// What is expected without a forecast.
    struct Rules: Sendable, Hashable {
        static let count = 4

        var levels: [Double]

        /// - Parameter recent: the loads of the buckets of the last hour, oldest first.
        init(level: Double, recent: [Double]) {
            let quarter = recent.suffix(3)
            let sum = recent.reduce(level, +)
            levels = [
                level, sum / Double(recent.count + 1), recent.reduce(level, max), quarter.reduce(level, max),
            ]
        }
    }

    private var rules = Array(repeating: ConformalQuantile(), count: Rules.count)
    private var loss = DecayingMean(halfLife: 7 * LoadHistory.bucketsPerDay)
    private var added = DecayingMean(halfLife: 7 * LoadHistory.bucketsPerDay)
    private var needed = DecayingMean(halfLife: 7 * LoadHistory.bucketsPerDay)
    private(set) var isOpen = false

    var bytes: Int { rules.count * MemoryLayout<ConformalQuantile>.stride + 32 }

    /// How much less the loss is than that of the best rule, as a share; nil before anything was compared.
    var skill: Double? {
        guard loss.weight > 0, let best = rules.map(\.longLoss.value).min() else { return nil }
        return best > 0 ? max(-1, 1 - loss.value / best) : 0
    }

    /// What the forecast would have added, as a share of the load.
    var increase: Double { needed.value > 0 ? added.value / needed.value : 0 }

    /// The hours that were compared.
    var scoredHours: Int { Int(loss.weight) / LoadHistory.bucketsPerHour }

    /// - Parameters:
    ///   - level: what the forecast was about.
    ///   - upper: the forecast's quantile.
    ///   - added: the load that it would have added replicas for.
    ///   - needed: the load at the time of the forecast.
    mutating func learn(
        _ level: Double, rules expected: Rules, upper: Double, added: Double, needed: Double,
        _ settings: LoadForecaster.Settings
    ) {
        for index in rules.indices {
            rules[index].learn(level, expected: expected.levels[index], quantile: settings.quantile)
        }
        guard rules[0].isTrained else { return }
        loss.add(ConformalQuantile.loss(level - upper, settings.quantile))
        self.added.add(added)
        self.needed.add(needed)
        guard loss.weight >= Self.leastScored, let skill else { return }
        isOpen =
            isOpen
            ? skill >= Self.closing && increase <= settings.maxIncrease
            : skill >= Self.opening && increase <= settings.maxIncrease * Self.increaseToOpen
    }

    func verdict(maxIncrease: Double) -> ForecastVerdict {
        guard let skill, loss.weight >= Self.leastScored else { return .learning(hours: scoredHours) }
        if isOpen { return .open }
        if increase > maxIncrease * Self.increaseToOpen {
            return .tooExpensive(increase: increase, allowed: maxIncrease)
        }
        return .noSkill(skill)
    }
}

/// Whether a forecast may add replicas, or the condition that it does not meet.
package enum ForecastVerdict: Sendable, Hashable {
    case open
    /// Too little has been compared so far.
    case learning(hours: Int)
    case noSkill(Double)
    case tooExpensive(increase: Double, allowed: Double)

    package var isOpen: Bool { self == .open }

    /// Whether it is the same condition, regardless of numbers.
    func isSame(as other: ForecastVerdict) -> Bool {
        switch (self, other) {
        case (.open, .open), (.learning, .learning), (.noSkill, .noSkill), (.tooExpensive, .tooExpensive): true
        default: false
        }
    }

    /// For the status.
    package var sentence: String {
        switch self {
        case .open: "the forecast is better than the best simple rule"
        case .learning(let hours):
            "the forecast has been compared with the simple rules for \(hours.counted("hour")), and 1 day is needed"
        case .noSkill(let skill):
            "the forecast is not better than the best simple rule: its skill is \(skill.shortText), and it becomes active "
                + "at \(ForecastGate.opening.shortText)"
        case .tooExpensive(let increase, let allowed):
            "the forecast would add \((increase * 100).shortText)% to the load; it becomes active at "
                + "\((allowed * ForecastGate.increaseToOpen * 100).shortText)%, as maxIncreasePercent is "
                + "\((allowed * 100).shortText)"
        }
    }
}
