import PluginProtocol
import WireFormats

/// The `result` of a response, before its method is known.
enum PluginResult: Equatable {
    case json(JSON)
    case reading(MetricReading)
}

/// The answer to a call.
enum PluginAnswer: Sendable, Hashable {
    case verdict(ValidateConfigResult)
    case reading(MetricReading)
    case range(MetricRange)
    /// The subscription was accepted, with this id.
    case subscribed(Int64)
    case unsubscribed

    /// - Throws: the protocol violation in the answer.
    init(_ result: PluginResult, to method: ProtocolMethod) throws(JSONPathError) {
        switch (method, result) {
        case (.getMetricValue, .reading(let reading)): self = .reading(reading)
        case (.getMetricValue, .json(let json)): self = .reading(try MetricReading(JSONReader(json)))
        case (.validateConfig, .json(let json)): self = .verdict(try ValidateConfigResult(JSONReader(json)))
        case (.getMetricRange, .json(let json)): self = .range(try MetricRange(JSONReader(json)))
        default: throw JSONReader(.null).error("is not a valid result of this method")
        }
    }
}
