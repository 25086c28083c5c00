/// A service-level objective whose error budget affects the decision.
///
/// Source: Google, "The Site Reliability Workbook", chapter 5, multi-window, multi-burn-rate alerts: 14.4 is the burn
/// rate that spends 2% of a 30-day budget in an hour.
package struct ErrorBudget: Sendable, Hashable {
    /// The metric with the error ratio (0 to 1) over 5 minutes.
    package var metric: String
    /// The metric with the error ratio over 1 hour.
    package var longMetric: String
    /// The objective in percent, such as 99.9.
    package var percent: Double

    package static let fastBurnRate = 14.4
    /// The longest time for which scale-downs are held: a budget that never recovers must not hold replicas forever.
    package static let maximumHold: Duration = .seconds(6 * 3_600)

    package init(metric: String, longMetric: String, percent: Double) {
        self.metric = metric
        self.longMetric = longMetric
        self.percent = percent
    }

    enum Verdict: Sendable, Hashable {
        /// Unknown, because the long error ratio has no value.
        case unknown
        case withinBudget
        case exhausting(fast: Bool)
    }

    func verdict(_ input: PolicyInput) -> Verdict {
        guard let long = burnRate(longMetric, input) else { return .unknown }
        guard long >= 1 else { return .withinBudget }
        let short = burnRate(metric, input) ?? 0
        return .exhausting(fast: min(short, long) >= Self.fastBurnRate)
    }

    /// Returns the error ratio divided by the ratio that the objective allows, rounded to remove the floating-point
    /// error.
    private func burnRate(_ name: String, _ input: PolicyInput) -> Double? {
        input.value(of: name).map { $0 * 100 / (100 - percent) + 1e-9 }
    }
}
