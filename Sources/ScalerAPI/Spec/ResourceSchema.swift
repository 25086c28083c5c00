package import WireFormats

/// The JSON Schema (2020-12) of a GeneralScaler as users write it, for editors.
///
/// It has the fields and bounds of the CustomResourceDefinition. The definition's rules between fields have no
/// counterpart in it.
package struct ResourceSchema: Sendable {
    /// A metric type that an installed plugin offers.
    package struct MetricType: Sendable {
        let type: String
        let description: String
        let config: ConfigSchema

        package init(type: String, description: String, config: ConfigSchema) {
            self.type = type
            self.description = description
            self.config = config
        }
    }

    package let json: JSON

    /// - Parameters:
    ///   - definition: the CustomResourceDefinition.
    ///   - types: each becomes a condition of a metric's `type` on its `config`.
    /// - Returns: nil if the definition has no schema of the resource.
    package init?(definition: JSON, types: [MetricType]) {
        let versions = definition["spec"]?["versions"]?.arrayValue ?? []
        let version = GeneralScaler.apiVersion.split(separator: "/").last.map(String.init) ?? ""
        guard let schema = versions.first(where: { $0["name"]?.stringValue == version })?["schema"]?["openAPIV3Schema"],
            case .object(var resource) = Self.closed(schema), var properties = resource["properties"]?.objectValue,
            var spec = properties["spec"]?.objectValue, var fields = spec["properties"]?.objectValue,
            var metrics = fields["metrics"]?.objectValue, var metric = metrics["items"]?.objectValue
        else { return nil }
        let sorted = types.sorted { $0.type < $1.type }
        if !sorted.isEmpty {
            metric["allOf"] = .array(sorted.enumerated().map { Self.condition($1, config: "#/$defs/config\($0)") })
            metric["properties"] = Self.suggesting(sorted, metric["properties"] ?? [:])
        }
        metrics["items"] = .object(metric)
        fields["metrics"] = .object(metrics)
        spec["properties"] = .object(fields)
        properties["spec"] = .object(spec)
        properties["apiVersion"] = ["const": .string(GeneralScaler.apiVersion)]
        properties["kind"] = ["const": .string(GeneralScaler.kind)]
        properties["metadata"] = ["type": "object"]
        resource["properties"] = .object(properties)
        resource["required"] = ["apiVersion", "kind", "metadata", "spec"]
        resource["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        resource["title"] = .string(GeneralScaler.kind)
        var definitions = [ConfigSchema.referenceName: ConfigSchema.reference]
        for (index, type) in sorted.enumerated() {
            definitions["config\(index)"] = type.config.part(at: "#/$defs/config\(index)")
        }
        resource["$defs"] = .object(definitions)
        json = .object(resource)
    }

    private static func condition(_ type: MetricType, config: String) -> JSON {
        var consequence: [String: JSON] = ["properties": ["config": ["$ref": .string(config)]]]
        if type.config.requiresMembers { consequence["required"] = ["config"] }
        return [
            "if": ["properties": ["type": ["const": .string(type.type)]], "required": ["type"]],
            "then": .object(consequence),
        ]
    }

    /// Other types stay valid: their plugins may be installed elsewhere.
    private static func suggesting(_ types: [MetricType], _ properties: JSON) -> JSON {
        guard case .object(var members) = properties, var type = members["type"]?.objectValue else { return properties }
        type["examples"] = .array(types.map { .string($0.type) })
        let list = types.map { "\($0.type): \($0.description)" }.joined(separator: "\n")
        type["description"] = .string("\(type["description"]?.stringValue ?? "")\n\nInstalled:\n\(list)")
        members["type"] = .object(type)
        return .object(members)
    }

    /// Returns a definition's schema as JSON Schema that refuses unknown fields, which an API server drops.
    private static func closed(_ schema: JSON) -> JSON {
        guard case .object(let members) = schema else { return schema }
        var result = members.filter { !$0.key.hasPrefix("x-kubernetes-") && $0.key != "format" && $0.key != "nullable" }
        if let properties = members["properties"]?.objectValue {
            result["properties"] = .object(properties.mapValues(closed))
            if members["additionalProperties"] == nil, members["x-kubernetes-preserve-unknown-fields"] != true {
                result["additionalProperties"] = false
            }
        }
        for name in ["items", "additionalProperties"] { result[name] = result[name].map(closed) }
        for name in ["allOf", "anyOf", "oneOf"] {
            result[name] = result[name].map { .array(($0.arrayValue ?? []).map(closed)) }
        }
        if members["format"] == "int32" {
            result["minimum"] = result["minimum"] ?? .integer(Int64(Int32.min))
            result["maximum"] = result["maximum"] ?? .integer(Int64(Int32.max))
        }
        if members["x-kubernetes-int-or-string"] == true { result["type"] = ["integer", "string"] }
        if members["nullable"] == true, let type = result["type"] { result["type"] = [type, "null"] }
        // The number itself, since draft 6.
        for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
            guard let isExclusive = members[exclusive]?.boolValue else { continue }
            result[exclusive] = isExclusive ? members[bound] : nil
            if isExclusive { result[bound] = nil }
        }
        return .object(result)
    }
}
