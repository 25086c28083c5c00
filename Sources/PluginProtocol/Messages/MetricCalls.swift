package import WireFormats

/// `validate_config`, host to plugin.
package struct ValidateConfigParams: Sendable, Hashable {
    package var type: String
    package var config: JSON

    package init(type: String, config: JSON) {
        self.type = type
        self.config = config
    }
}

/// A problem in a config.
public struct ConfigProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the field, such as `tls.ca`; empty for the config as a whole.
    public var path: String
    public var message: String

    public init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// The answer to `validate_config`.
package enum ValidateConfigResult: Sendable, Hashable {
    /// The target type, if this config determines it.
    case valid(targetType: TargetType?)
    /// At least one problem.
    case invalid([ConfigProblem])
}

/// `get_metric_value` and `subscribe`, host to plugin.
package struct GetMetricValueParams: Sendable, Hashable {
    package var type: String
    package var config: JSON
    package var targetType: TargetType
    /// The time in milliseconds after which an answer is no longer used.
    package var deadlineMs: Int

    package init(type: String, config: JSON, targetType: TargetType, deadlineMs: Int) {
        self.type = type
        self.config = config
        self.targetType = targetType
        self.deadlineMs = deadlineMs
    }
}

/// A value of a metric, and when the source observed it.
public struct MetricReading: Sendable, Hashable {
    /// The value, which is finite. A missing, infinite or NaN value is the error `no_data`.
    public var value: Double
    public var unit: String?
    /// When the source observed the value, in microseconds since 1970-01-01T00:00:00Z.
    public var observedAtMicroseconds: Int64
    /// A note for users on how the value was determined.
    public var detail: String?
    /// Whether the config's assumed value is used because the source has none. An assumed value may cause a scale-up,
    /// but never scaling to 0 replicas, because it does not prove that there is no load.
    public var isAssumed: Bool
    /// The most replicas that the source has work for, such as the partitions of a topic that have messages: from 1 to
    /// 2147483647. The metric then recommends no more. Nil if there is no such limit.
    public var usefulReplicas: Int?
    /// Whether the source has work, as it says itself. Decides then in place of the comparison with `activationValue`
    /// whether the target is started from 0 replicas, or is idle. Nil if the value decides.
    public var isActive: Bool?

    public init(
        value: Double, unit: String? = nil, observedAtMicroseconds: Int64, detail: String? = nil,
        isAssumed: Bool = false, usefulReplicas: Int? = nil, isActive: Bool? = nil
    ) {
        self.value = value
        self.isAssumed = isAssumed
        self.usefulReplicas = usefulReplicas
        self.isActive = isActive
        self.unit = unit
        self.observedAtMicroseconds = observedAtMicroseconds
        self.detail = detail
    }
}

extension ValidateConfigParams {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        self.init(
            type: try reader.required("type").string(), config: .object(try reader.required("config").object()))
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("type")
        writer.value(type)
        writer.key("config")
        writer.value(config)
        writer.endObject()
    }
}

extension ValidateConfigResult {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        if try reader.required("valid").bool() {
            self = .valid(targetType: try reader.optional("targetType")?.oneOf(TargetType.self))
            return
        }
        let errors = try reader.required("errors")
        var problems: [ConfigProblem] = []
        for element in try errors.elements() {
            problems.append(
                ConfigProblem(
                    path: try element.required("path").string(), message: try element.required("message").string()))
        }
        guard !problems.isEmpty else { throw errors.error("must name at least one error") }
        self = .invalid(problems)
    }

    package var json: JSON {
        switch self {
        case .valid(nil): ["valid": true]
        case .valid(let targetType?): ["valid": true, "targetType": .string(targetType.rawValue)]
        case .invalid(let problems):
            [
                "valid": false,
                "errors": .array(problems.map { ["path": .string($0.path), "message": .string($0.message)] }),
            ]
        }
    }
}

extension GetMetricValueParams {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        self.init(
            type: try reader.required("type").string(),
            config: .object(try reader.required("config").object()),
            targetType: try reader.required("targetType").oneOf(TargetType.self),
            deadlineMs: try reader.required("deadlineMs").int(in: 1...Int(Int32.max))
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("type")
        writer.value(type)
        writer.key("config")
        writer.value(config)
        writer.key("targetType")
        writer.value(targetType.rawValue)
        writer.key("deadlineMs")
        writer.value(deadlineMs)
        writer.endObject()
    }
}

extension MetricReading {
    package init(_ reader: JSONReader) throws(JSONPathError) {
        let value = try reader.required("value")
        let number = try value.double()
        guard number.isFinite else { throw value.error("must be finite") }
        self.init(
            value: number,
            unit: try reader.optional("unit")?.string(),
            observedAtMicroseconds: try reader.required("observedAt").time(),
            detail: try reader.optional("detail")?.string(),
            isAssumed: try reader.optional("assumed")?.bool() ?? false,
            usefulReplicas: try reader.optional("usefulReplicas")?.int(in: 1...Int(Int32.max)),
            isActive: try reader.optional("active")?.bool()
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        encodeMembers(into: &writer)
        writer.endObject()
    }

    /// Encodes the members into an open object.
    func encodeMembers(into writer: inout JSONWriter) {
        writer.key("value")
        writer.value(value)
        if let unit {
            writer.key("unit")
            writer.value(unit)
        }
        writer.key("observedAt")
        writer.value(RFC3339.text(microseconds: observedAtMicroseconds, precision: .exact))
        if let detail {
            writer.key("detail")
            writer.value(detail)
        }
        if isAssumed {
            writer.key("assumed")
            writer.value(true)
        }
        if let usefulReplicas {
            writer.key("usefulReplicas")
            writer.value(usefulReplicas)
        }
        if let isActive {
            writer.key("active")
            writer.value(isActive)
        }
    }
}
