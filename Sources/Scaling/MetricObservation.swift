/// What one poll of one metric brought. What is missing is a case, never a number.
package enum MetricObservation: Sendable, Hashable {
    case value(Double, observedAt: Timestamp)
    /// The source answered and has no value now.
    case noData(String)
    /// The source could not be asked, or its answer makes no sense.
    case failed(String)

    package var value: Double? {
        guard case .value(let value, _) = self else { return nil }
        return value
    }

    /// The observation as the engine may use it: a value too old is no data, and a number that the target type cannot
    /// mean is a failure.
    func judged(by metric: MetricSpec, now: Timestamp) -> MetricObservation {
        guard case .value(let value, let observedAt) = self else { return self }
        guard value.isFinite else { return .noData("the value is not a finite number") }
        let age = now - observedAt
        if age > metric.maxAge {
            return .noData(
                "the newest value is \(age.shortText) old, older than the \(metric.maxAge.shortText) allowed")
        }
        if value < 0, metric.targetType == .value {
            return .failed("the value \(value.shortText) is negative, which has no meaning for targetType Value")
        }
        return self
    }
}
