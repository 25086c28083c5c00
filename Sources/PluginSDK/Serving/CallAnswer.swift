import PluginProtocol

/// The result of a call.
enum CallAnswer: Sendable, Hashable {
    case reading(MetricReading)
    case range(MetricRange)
    /// The readings follow by themselves.
    case subscribed

    /// Returns the same with the text that a person reads changed.
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

    /// Why it is not an answer that the protocol knows; nil if it is one.
    var fault: PluginError? {
        switch self {
        case .reading(let reading):
            return reading.value.isFinite
                ? nil : PluginError(.noData, "the value is \(reading.value), which is no data")
        case .subscribed: return nil
        case .range(let range):
            if range.points.isEmpty { return PluginError(.noData, "there is no value in the time asked for") }
            if let point = range.points.first(where: { !$0.value.isFinite }) {
                return PluginError(.internalError, "a value is \(point.value): leave such points out")
            }
            let times = range.points.map(\.atMicroseconds)
            return zip(times, times.dropFirst()).allSatisfy { $0 < $1 }
                ? nil : PluginError(.internalError, "the points are not in the order of time, each time once")
        }
    }
}
