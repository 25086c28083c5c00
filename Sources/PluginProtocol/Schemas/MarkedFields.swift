package import WireFormats

/// Finds the values of a config that its JSON Schema marks with a keyword, such as `x-secret: true`.
///
/// Follows the keywords that apply a schema to a location: `properties`, `patternProperties`, `additionalProperties`,
/// `items`, `prefixItems`, `allOf`, `anyOf`, `oneOf`, `then`, `else` and a `$ref` within the same schema. If several
/// schemas apply to a location, each of them can mark it, even if the value does not match.
package struct MarkedFields: Sendable {
    package struct Field: Sendable, Hashable {
        /// The path, such as `sentinel.addresses[0]`; empty for the config itself.
        package var path: String
        package var value: JSON
    }

    /// The nesting of schemas that apply to one location, because a `$ref` can be circular.
    static let maxNesting = 16
    /// The number of schema applications: a schema that refers to itself several times would multiply them.
    static let maxSteps = 20_000

    private let keyword: String
    private let schema: JSON

    /// Creates the search; nil if the schema marks nothing.
    package init?(_ keyword: String, in schema: JSON) {
        guard Self.isMarked(schema, keyword) else { return nil }
        self.keyword = keyword
        self.schema = schema
    }

    /// Returns whether a member in the schema is marked or may contain a marked value.
    package func mayMark(member name: String) -> Bool {
        Self.isMarked(schema["properties"]?[name] ?? .null, keyword)
    }

    /// Returns whether all marked values are in members with these names.
    package func mayMark(onlyMembers names: Set<String>) -> Bool {
        guard case .object(var rules) = schema else { return false }
        rules["properties"] = .object((rules["properties"]?.objectValue ?? [:]).filter { !names.contains($0.key) })
        return !Self.isMarked(.object(rules), keyword)
    }

    private static func isMarked(_ schema: JSON, _ keyword: String) -> Bool {
        switch schema {
        case .object(let members): members[keyword] == true || members.values.contains { isMarked($0, keyword) }
        case .array(let elements): elements.contains { isMarked($0, keyword) }
        default: false
        }
    }

    /// Returns the marked values in the config, or the config as a whole if the search exceeds its limit.
    package func fields(of config: JSON) -> [Field] {
        var steps = Self.maxSteps
        let found = fields(config, schema, nesting: 0, &steps)
        return steps > 0 ? found : [Field(path: "", value: config)]
    }

    private func fields(_ value: JSON, _ schema: JSON, nesting: Int, _ steps: inout Int) -> [Field] {
        guard case .object(let rules) = schema, nesting < Self.maxNesting, steps > 0 else { return [] }
        steps -= 1
        if rules[keyword] == true { return [Field(path: "", value: value)] }
        var found: [Field] = []
        if let target = rules["$ref"]?.stringValue.flatMap(definition) {
            found += fields(value, target, nesting: nesting + 1, &steps)
        }
        for name in ["allOf", "anyOf", "oneOf"] {
            for part in rules[name]?.arrayValue ?? [] { found += fields(value, part, nesting: nesting + 1, &steps) }
        }
        for name in ["then", "else"] {
            if let part = rules[name] { found += fields(value, part, nesting: nesting + 1, &steps) }
        }
        switch value {
        case .object(let members):
            for (name, member) in members {
                if let rule = rules["properties"]?[name] {
                    found += fields(member, rule, nesting: 0, &steps).map { $0.under(name) }
                    continue
                }
                // Patterns are not evaluated, so that each counts.
                for rule in rules["patternProperties"]?.objectValue?.values ?? [:].values {
                    found += fields(member, rule, nesting: 0, &steps).map { $0.under(name) }
                }
                if let rule = rules["additionalProperties"] {
                    found += fields(member, rule, nesting: 0, &steps).map { $0.under(name) }
                }
            }
        case .array(let elements):
            let first = rules["prefixItems"]?.arrayValue ?? []
            for (index, element) in elements.enumerated() {
                guard let rule = index < first.count ? first[index] : rules["items"] else { continue }
                found += fields(element, rule, nesting: 0, &steps).map { $0.under("[\(index)]") }
            }
        default: break
        }
        return found
    }

    /// Resolves a JSON pointer within the schema, such as `#/$defs/server`.
    private func definition(_ reference: String) -> JSON? {
        guard reference.hasPrefix("#") else { return nil }
        return reference.dropFirst().split(separator: "/").reduce(schema as JSON?) { $0?[String($1)] }
    }
}

extension MarkedFields.Field {
    fileprivate func under(_ parent: String) -> Self {
        let path = path.isEmpty ? parent : path.hasPrefix("[") ? parent + path : "\(parent).\(path)"
        return Self(path: path, value: value)
    }

    /// The strings in the value: the value itself, or its elements.
    package var texts: [String] { Self.texts(in: value) }

    private static func texts(in value: JSON) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(texts)
        case .object(let members): members.values.flatMap(texts)
        default: []
        }
    }
}
