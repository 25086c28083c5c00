package import WireFormats

/// The source of a config field that a scaler may not set: the value of `x-from` in a schema.
package enum FilledValue: String, CaseIterable, Sendable, Hashable {
    case scalerNamespace = "scaler.namespace"
    case scalerName = "scaler.name"
    case targetAPIVersion = "target.apiVersion"
    case targetKind = "target.kind"
    case targetName = "target.name"
    /// The label selector of the target's pods as text, such as `app=web,tier in (a,b)`.
    case targetSelector = "target.selector"
    /// The metric's target as text, such as `0.5`.
    case metricTargetValue = "metric.targetValue"
    /// The administrator's defaults for the plugin. The value is not filled in by the host, and may be of any type.
    case defaults
}

/// The config fields that the host fills in with what it knows of the scaler, as a metric type's schema marks them.
package struct FilledFields: Sendable, Hashable {
    package static let keyword = "x-from"
    package static let none = FilledFields()

    /// By the name of the config's member.
    package let values: [String: FilledValue]

    /// The fields that only the administrator sets.
    package var administratorFields: Set<String> { Set(values.filter { $0.value == .defaults }.keys) }

    private init() { values = [:] }

    /// - Throws: ``JSONPathError`` if a mark is unknown, or is not that of one of the config's own members.
    package init(_ schema: JSONReader) throws(JSONPathError) {
        var values: [String: FilledValue] = [:]
        if let properties = try schema.optional("properties") {
            for name in try properties.object().keys.sorted() {
                let property = try properties.required(name)
                guard case .object(var rules) = property.value else { continue }
                if let mark = try property.optional(Self.keyword) { values[name] = try mark.oneOf(FilledValue.self) }
                rules[Self.keyword] = nil
                try Self.refuseMarks(in: .object(rules), property)
            }
        }
        var rest = try schema.object()
        rest["properties"] = nil
        try Self.refuseMarks(in: .object(rest), schema)
        self.values = values
    }

    /// A mark is text; a member of that name is a schema.
    private static func refuseMarks(in rules: JSON, _ place: JSONReader) throws(JSONPathError) {
        switch rules {
        case .object(let members):
            if members[keyword]?.stringValue != nil {
                throw JSONPathError(
                    path: place.path + ".\(keyword)", message: "is possible only for a member of the config itself")
            }
            for member in members.values { try refuseMarks(in: member, place) }
        case .array(let elements):
            for element in elements { try refuseMarks(in: element, place) }
        default: break
        }
    }
}
