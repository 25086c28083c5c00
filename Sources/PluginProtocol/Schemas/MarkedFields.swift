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
    private let rules: MarkRules

    /// Creates the search; nil if the schema marks nothing.
    package init?(_ keyword: String, in schema: JSON) {
        guard Self.isMarked(schema, keyword) else { return nil }
        self.keyword = keyword
        self.schema = schema
        rules = MarkRules(keyword, in: schema)
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
        var search = Search(rules: rules)
        search.apply(rules.root, to: config, at: nil, nesting: 0)
        return search.steps > 0 ? search.found : [Field(path: "", value: config)]
    }

    private struct Search {
        let rules: MarkRules
        var steps = MarkedFields.maxSteps
        var found: [Field] = []

        /// The place of a value: its name within its parent.
        indirect enum Place {
            case member(String, of: Place?)
            case element(Int, of: Place?)
        }

        mutating func apply(_ rule: Int?, to value: JSON, at place: Place?, nesting: Int) {
            guard let rule, nesting < MarkedFields.maxNesting, steps > 0 else { return }
            steps -= 1
            let node = rules[rule]
            if node.isMarked {
                found.append(Field(path: Self.path(place), value: value))
                return
            }
            for applied in node.sameLocation { apply(applied, to: value, at: place, nesting: nesting + 1) }
            switch value {
            case .object(let members): apply(node, to: members, at: place)
            case .array(let elements) where node.marksElements:
                for (index, element) in elements.enumerated() {
                    let rule = index < node.firstElements.count ? node.firstElements[index] : node.otherElements
                    apply(rule, to: element, at: .element(index, of: place), nesting: 0)
                }
            default: break
            }
        }

        private mutating func apply(_ node: MarkRules.Node, to members: [String: JSON], at place: Place?) {
            guard !node.otherMembers.isEmpty else {
                for (name, rule) in node.members {
                    guard let rule, let member = members[name] else { continue }
                    apply(rule, to: member, at: .member(name, of: place), nesting: 0)
                }
                return
            }
            for (name, member) in members {
                if let rule = node.members[name] {
                    apply(rule, to: member, at: .member(name, of: place), nesting: 0)
                    continue
                }
                // Patterns are not evaluated, so that each counts.
                for rule in node.otherMembers { apply(rule, to: member, at: .member(name, of: place), nesting: 0) }
            }
        }

        private static func path(_ place: Place?) -> String {
            switch place {
            case nil: ""
            case .member(let name, nil): name
            case .member(let name, let parent): "\(path(parent)).\(name)"
            case .element(let index, let parent): "\(path(parent))[\(index)]"
            }
        }
    }
}

extension MarkedFields.Field {
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
