import PluginProtocol

/// The result of a call.
enum CallAnswer: Sendable, Hashable {
    case reading(MetricReading)
    case range(MetricRange)
    /// The subscription is established; readings follow.
    case subscribed

    /// Returns the answer with its detail text transformed.
    func mapDetail(_ change: (String) -> String) -> CallAnswer {
        switch self {
        case .reading(var reading):
            reading.detail = reading.detail.map(change)
            return .reading(reading)
        case .range(var range):
            range.detail = range.detail.map(change)
            return .range(range)
        case .subscribed: return self
        }
    }

    /// The reason why the answer is not valid in the protocol; nil if it is valid.
    var fault: PluginError? {
        switch self {
        case .reading(let reading):
            guard reading.value.isFinite else {
                return PluginError(.noData, "the value is \(reading.value), which counts as no data")
            }
            guard let useful = reading.usefulReplicas, !(1...Int(Int32.max) ~= useful) else { return nil }
            return PluginError(
                .internalError, "usefulReplicas is \(useful): it must be from 1 to \(Int32.max)")
        case .subscribed: return nil
        case .range(let range):
            if range.points.isEmpty { return PluginError(.noData, "there is no value in the requested time range") }
            if let point = range.points.first(where: { !$0.value.isFinite }) {
                return PluginError(.internalError, "a value is \(point.value): omit such points")
            }
            let times = range.points.map(\.atMicroseconds)
            return zip(times, times.dropFirst()).allSatisfy { $0 < $1 }
                ? nil : PluginError(.internalError, "the points are not in ascending order of time without duplicates")
        }
    }
}
