/// The result of one poll of one metric. Missing data is a separate case, never a number.
package enum MetricObservation: Sendable, Hashable {
    case value(Double, observedAt: Timestamp)
    /// The source has no value, and the config defines what that means. Counts as this value, but does not prove that
    /// there is no load.
    case assumed(Double, observedAt: Timestamp)
    /// The source answered and has no value.
    case noData(String)
    /// The source could not be read, or its response is malformed.
    case failed(String)

    /// How far the clock of a source may be ahead of the operator's. A value with a later time is no data, because its
    /// age is unknown. The metric's maximum age limits how old a value may be.
    package static let maxClockSkew: Duration = .seconds(60)

    package var value: Double? {
        switch self {
        case .value(let value, _), .assumed(let value, _): value
        case .noData, .failed: nil
        }
    }

    /// Whether the value comes from the source itself.
    package var isObserved: Bool {
        guard case .value = self else { return false }
        return true
    }

    /// Returns the observation for the engine: an outdated value, or one from the future, becomes no data, and a number
    /// that is invalid for the target type becomes a failure.
    package func checked(by metric: MetricSpec, now: Timestamp) -> MetricObservation {
        // A formula's inputs have been checked for their age.
        let observation = metric.formula == nil ? checked(maxAge: metric.maxAge, now: now) : self
        if let value = observation.value, value < 0, metric.targetType == .value {
            return .failed("the value \(value.shortText) is negative, which has no meaning for targetType Value")
        }
        return observation
    }

    /// Returns the observation, or no data in place of a value too old, from the future or not finite.
    package func checked(maxAge: Duration, now: Timestamp) -> MetricObservation {
        let (value, observedAt): (Double, Timestamp)
        switch self {
        case .value(let number, let time), .assumed(let number, let time): (value, observedAt) = (number, time)
        case .noData, .failed: return self
        }
        guard value.isFinite else { return .noData("the value is not a finite number") }
        let age = now - observedAt
        if age > maxAge {
            return .noData(
                "the newest value is \(age.shortText) old, older than the \(maxAge.shortText) allowed: the source "
                    + "has no newer one, or its clock is behind")
        }
        if age < .zero - Self.maxClockSkew {
            return .noData(
                "the newest value is from \((.zero - age).shortText) in the future: the clock of the source is ahead of "
                    + "the operator's by more than the \(Self.maxClockSkew.shortText) allowed")
        }
        return self
    }
}
