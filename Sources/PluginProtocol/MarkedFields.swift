package import WireFormats

/// Finds the values of a config that its JSON Schema marks with a keyword, such as `x-secret: true`.
///
/// It follows the keywords that apply a schema to a place: `properties`, `patternProperties`, `additionalProperties`,
/// `items`, `prefixItems`, `allOf`, `anyOf`, `oneOf`, `then`, `else` and a `$ref` within the same schema. Where several
/// schemas apply to one place, each of them can mark it, whether or not the value fits it.
package struct MarkedFields: Sendable {
    package struct Field: Sendable, Hashable {
        /// Such as `sentinel.addresses[0]`; empty for the config itself.
        package var path: String
        package var value: JSON
    }

    /// Schemas that may apply to one place because of one another: a `$ref` can lead in a circle.
    static let maxNesting = 16
    /// Places that schemas are applied to, each as often as one is. A schema that leads to itself several times makes
    /// of few places very many.
    static let maxSteps = 20_000

    private let keyword: String
    private let schema: JSON

    /// Nil if the schema marks nothing.
    package init?(_ keyword: String, in schema: JSON) {
        guard Self.isMarked(schema, keyword) else { return nil }
        self.keyword = keyword
        self.schema = schema
    }

    /// Returns whether a member of the config, which the schema names, is marked or may hold something that is.
    package func mayMark(member name: String) -> Bool {
        Self.isMarked(schema["properties"]?[name] ?? .null, keyword)
    }

    private static func isMarked(_ schema: JSON, _ keyword: String) -> Bool {
        switch schema {
        case .object(let members): members[keyword] == true || members.values.contains { isMarked($0, keyword) }
        case .array(let elements): elements.contains { isMarked($0, keyword) }
        default: false
        }
    }

    /// Returns the marked values that the config has; the config as a whole if that takes too long to find out.
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
                for rule in memberRules(name, rules) {
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

    /// A pattern is not matched here: each may be the one.
    private func memberRules(_ name: String, _ rules: [String: JSON]) -> [JSON] {
        if let rule = rules["properties"]?[name] { return [rule] }
        let patterns = rules["patternProperties"]?.objectValue.map { Array($0.values) } ?? []
        return patterns + [rules["additionalProperties"]].compactMap(\.self)
    }

    /// Returns what a JSON pointer within the schema, such as `#/$defs/server`, names.
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

    /// The strings in the value: itself, or its elements.
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
