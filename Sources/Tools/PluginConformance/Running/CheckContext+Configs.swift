import Glibc
import PluginProtocol
import WireFormats

/// The configs of a run, derived from the schema.
extension CheckContext {
    /// A key that is unknown to every plugin.
    static let unknownKey = "xUnknownKey"

    /// Returns the metric type to call.
    func metricType() throws(Stop) -> MetricTypeDescription {
        guard let handshake else { throw .skip("the handshake fails: see \(RuleID.initialize.label)") }
        guard let name = options.metricType else { return handshake.metricTypes[0] }
        guard let type = handshake.metricTypes.first(where: { $0.type == name }) else {
            throw .skip("the plugin has no metric type \(name)")
        }
        return type
    }

    /// Returns the given config, or an empty one if the schema requires nothing.
    func goodConfig() throws(Stop) -> JSON {
        let filled = try filledFields()
        if let config = options.config { return .object(filled.merging(config.objectValue ?? [:]) { $1 }) }
        let missing = try requiredFields().filter { filled[$0] == nil }
        guard missing.isEmpty else {
            throw .skip(
                "the config has required fields (\(missing.joined(separator: ", "))): give --config with one that works"
            )
        }
        return .object(filled)
    }

    /// Returns the members that the host fills in, with the values of a scaler that could be.
    private func filledFields() throws(Stop) -> [String: JSON] {
        let fields = (try? FilledFields(JSONReader(try metricType().configSchema))) ?? .none
        return fields.values.compactMapValues { value -> JSON? in
            switch value {
            case .scalerNamespace: "shop"
            case .scalerName, .targetName: "web"
            case .targetAPIVersion: "apps/v1"
            case .targetKind: "Deployment"
            case .targetSelector: "app=web"
            case .metricTargetValue: "60"
            // The given config has what it needs of them.
            case .defaults: nil
            }
        }
    }

    func requiredFields() throws(Stop) -> [String] {
        try metricType().configSchema["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
    }

    /// Returns configs that violate the schema in one field each, with the fault.
    func anyConfig() -> JSON { (try? goodConfig()) ?? [:] }

    func withUnknownKey(_ config: JSON) -> JSON { config.setting(Self.unknownKey, to: 1) }

    /// Returns, for each secret field of the schema, the valid config with this value.
    func configsAgainstSchema() throws(Stop) -> [(fault: String, config: JSON)] {
        let good = try goodConfig()
        let missing = try requiredFields().map { ("the required field \($0) is missing", good.setting($0, to: nil)) }
        let properties = try metricType().configSchema["properties"]?.objectValue ?? [:]
        let mistyped = properties.sorted { $0.key < $1.key }.compactMap { name, schema -> (String, JSON)? in
            guard let wrong = Self.valueOfOtherType(than: schema) else { return nil }
            return ("the field \(name) is \(wrong.shapeName)", good.setting(name, to: wrong))
        }
        return Array((missing + mistyped).prefix(ConformanceLimits.maxFieldsTried))
    }

    private static func valueOfOtherType(than schema: JSON) -> JSON? {
        switch schema["type"]?.stringValue {
        case "string", "boolean": ["not": "expected"]
        case "number", "integer": "not a number"
        case "object": "not an object"
        case "array": 1
        default: nil
        }
    }

    /// A map of secrets accepts any key.
    func configs(withSecret secret: String) throws(Stop) -> [JSON] {
        let paths = Self.paths(markedWith: "x-secret", in: try metricType().configSchema)
        return paths.prefix(ConformanceLimits.maxFieldsTried).map { anyConfig().setting($0, to: .string(secret)) }
    }

    /// The places of a config that the schema marks, as far as they are members of objects.
    static func paths(markedWith keyword: String, in schema: JSON, depth: Int = 0) -> [[String]] {
        guard depth < ConformanceLimits.maxSchemaDepth else { return [] }
        if schema[keyword] == true { return [[]] }
        // A map of secrets has any key.
        let map = schema["additionalProperties"].map { ["xKey": $0] } ?? [:]
        return (schema["properties"]?.objectValue ?? map).sorted { $0.key < $1.key }.flatMap { name, field in
            paths(markedWith: keyword, in: field, depth: depth + 1).map { [name] + $0 }
        }
    }

    // MARK: Params

    func validateParams(_ config: JSON) throws(Stop) -> JSON {
        ["type": .string(try metricType().type), "config": config]
    }

    func valueParams(_ config: JSON, targetType: TargetType? = nil) throws(Stop) -> JSON {
        let type = try metricType()
        return [
            "type": .string(type.type), "config": config,
            "targetType": .string((targetType ?? type.defaultTargetType).rawValue),
            "deadlineMs": .integer(times.deadlineMs),
        ]
    }

    func rangeParams(_ config: JSON, targetType: TargetType? = nil, window: RangeWindow) throws(Stop) -> JSON {
        let times: [String: JSON] = [
            "from": .string(RFC3339.text(microseconds: window.fromMicroseconds)),
            "to": .string(RFC3339.text(microseconds: window.toMicroseconds)),
            "stepSeconds": .integer(Int64(window.stepSeconds)),
        ]
        return times.reduce(try valueParams(config, targetType: targetType)) { $0.setting($1.key, to: $1.value) }
    }

    /// The time in microseconds since 1970.
    static func lastHour() -> RangeWindow {
        let end = now() / 60_000_000 * 60_000_000
        let window = RangeWindow(fromMicroseconds: end - 3_600_000_000, toMicroseconds: end, stepSeconds: 60)
        guard let window else { preconditionFailure("61 points are not too many") }
        return window
    }

    /// Microseconds since 1970.
    static func now() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }

    /// Returns the verdict of `validate_config`, and checks its shape.
    func validate(_ config: JSON) throws(Stop) -> ValidateConfigResult {
        switch try call(.validateConfig, validateParams(config)) {
        case .error(let error):
            note(.validateShape, "validate_config is answered with an error, not a verdict", evidence: error.json)
            throw .skip("validate_config gives no verdict: see \(RuleID.validateShape.label)")
        case .result(let json): return try verdict(json)
        }
    }

    /// Reads the result of `validate_config`, and checks its shape.
    func verdict(_ json: JSON) throws(Stop) -> ValidateConfigResult {
        do throws(JSONPathError) {
            return try ValidateConfigResult(JSONReader(json))
        } catch {
            note(.validateShape, "the verdict is invalid: \(error)", evidence: json, fix: Fix.of(error, in: json))
            throw .skip("validate_config gives no verdict: see \(RuleID.validateShape.label)")
        }
    }
}

extension JSON {
    /// Returns the object with one member changed, or removed if the value is nil.
    func setting(_ key: String, to value: JSON?) -> JSON {
        var members = objectValue ?? [:]
        members[key] = value
        return .object(members)
    }

    /// Returns the object with the member at the end of the path changed; missing objects on the way are created.
    func setting(_ path: [String], to value: JSON) -> JSON {
        guard let key = path.first else { return value }
        return setting(key, to: (self[key] ?? [:]).setting(Array(path.dropFirst()), to: value))
    }
}
