import PluginSDK
import SourceSupport
import WireFormats

/// A value of the custom or the external metrics API.
struct MetricValue: Sendable, Hashable {
    /// The name of the described object; nil for an external metric.
    let object: String?
    let value: Double
    /// In microseconds since 1970.
    let timestamp: Int64
    /// In microseconds.
    let window: Int64

    /// The window of a metric that does not state one: what the HPA assumes.
    private static let standardWindow: Int64 = 60_000_000

    /// Reads a `MetricValueList` or an `ExternalMetricValueList`.
    ///
    /// - Parameter readAt: the time of values without one, in microseconds since 1970.
    static func list(_ body: [UInt8], of what: String, readAt: Int64) throws(PluginError) -> [MetricValue] {
        let json: JSON
        do throws(JSONSyntaxError) {
            json = try JSON(parsing: body, limits: KubernetesLimits.metricValues)
        } catch {
            throw .malformed(what, "\(error): \(Quoting.quote(body))")
        }
        guard let items = json["items"], items.isNull || items.arrayValue != nil else {
            throw .malformed(what, "it has no items: \(Quoting.quote(body))")
        }
        var values: [MetricValue] = []
        for item in items.arrayValue ?? [] { values.append(try MetricValue(item, of: what, readAt: readAt)) }
        return values
    }

    private init(_ json: JSON, of what: String, readAt: Int64) throws(PluginError) {
        let text = json["value"].flatMap { $0.stringValue ?? ($0.doubleValue != nil ? $0.description : nil) }
        guard let text, let value = Quantity.value(text) else {
            throw .malformed(what, "\(json["value"] ?? .null) is not a quantity")
        }
        self.value = value
        object = json["describedObject"]?["name"]?.stringValue
        switch json["timestamp"] {
        case nil, .null: timestamp = readAt
        case let time?:
            guard let time = time.stringValue.flatMap(RFC3339.microseconds) else {
                throw .malformed(what, "\(time) is not a time")
            }
            timestamp = time
        }
        // v1beta1 of the external API calls it `window`.
        let seconds = json["windowSeconds"]?.intValue ?? json["window"]?.intValue
        window = seconds.map { Int64(min(max($0, 0), Self.maxWindowSeconds)) * 1_000_000 } ?? Self.standardWindow
    }

    private static let maxWindowSeconds = 366 * 86_400
}

/// A name as one part of a path.
enum PathPart {
    static let maxBytes = 253

    /// Returns the reason why a text cannot be a part of a path.
    static func fault(of text: String) -> String? {
        if text == "." || text == ".." { return "must not be \(text)" }
        if text.contains("/") { return "must not contain a slash" }
        if text.utf8.count > maxBytes { return "must be at most \(maxBytes) bytes" }
        return text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } ? nil : "must not contain control characters"
    }
}
