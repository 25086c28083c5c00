import WireFormats

/// An OpenAPI v3 schema of a custom resource definition; built-in kinds use the same form.
final class Schema: Sendable {
    enum ValueType: String {
        case object, array, string, integer, number, boolean
    }

    /// How the parts of a list or map are owned if several managers share it.
    enum Sharing {
        case atomic, set, granular
    }

    /// The original schema.
    let source: JSON
    let type: ValueType?
    let properties: [String: Schema]
    /// The schema of members that are not in `properties`.
    let additionalProperties: Schema?
    let allowsAnyMember: Bool
    let items: Schema?
    let required: [String]
    let defaultValue: JSON?
    let isNullable: Bool
    let preservesUnknownFields: Bool
    let isIntOrString: Bool
    let isEmbeddedResource: Bool
    /// The keys that identify the items of a list of type map.
    let listMapKeys: [String]
    /// The key by which a strategic merge patch merges the list; nil if it replaces it.
    let patchMergeKey: String?
    let sharing: Sharing
    let constraints: SchemaConstraints

    /// A schema without constraints.
    static let any = Schema(["x-kubernetes-preserve-unknown-fields": true])

    init(_ source: JSON) {
        self.source = source
        type = source.string("type").flatMap(ValueType.init)
        properties = source["properties"]?.objectValue?.mapValues { Schema($0) } ?? [:]
        let additional = source["additionalProperties"]
        additionalProperties = additional?.objectValue.map { Schema(.object($0)) }
        allowsAnyMember = additional?.boolValue ?? false
        items = source["items"].map { Schema($0) }
        required = source["required"]?.arrayValue?.compactMap(\.stringValue) ?? []
        defaultValue = source["default"]
        isNullable = source["nullable"]?.boolValue ?? false
        preservesUnknownFields = source["x-kubernetes-preserve-unknown-fields"]?.boolValue ?? false
        isIntOrString = source["x-kubernetes-int-or-string"]?.boolValue ?? false
        isEmbeddedResource = source["x-kubernetes-embedded-resource"]?.boolValue ?? false
        listMapKeys = source["x-kubernetes-list-map-keys"]?.arrayValue?.compactMap(\.stringValue) ?? []
        patchMergeKey = source.string("x-kubernetes-patch-merge-key")
        sharing =
            switch (source.string("x-kubernetes-list-type"), source.string("x-kubernetes-map-type")) {
            case ("set", _): .set
            case ("map", _): .granular
            case (_, "atomic"): .atomic
            default: source.string("type") == "array" ? .atomic : .granular
            }
        constraints = SchemaConstraints(source)
    }

    /// Returns the schema of a member; nil if there is none.
    func member(_ name: String) -> Schema? { properties[name] ?? additionalProperties }

    /// Whether unknown members are kept.
    var keepsUnknownMembers: Bool { preservesUnknownFields || allowsAnyMember || additionalProperties != nil }

    /// Whether the value is owned as a whole.
    var isAtomic: Bool { sharing == .atomic }

    func replacing(_ properties: [String: JSON]) -> Schema {
        var source = source
        for (name, schema) in properties { source.set(schema, at: "properties", name) }
        return Schema(source)
    }
}

/// Constraints in addition to the type.
struct SchemaConstraints: Sendable {
    let enumeration: [JSON]?
    let minimum: Double?
    let maximum: Double?
    let exclusiveMinimum: Bool
    let exclusiveMaximum: Bool
    let multipleOf: Double?
    let minLength: Int?
    let maxLength: Int?
    let pattern: String?
    let format: String?
    let minItems: Int?
    let maxItems: Int?
    let uniqueItems: Bool
    let minProperties: Int?
    let maxProperties: Int?
    let allOf: [Schema]
    let anyOf: [Schema]
    let oneOf: [Schema]
    let not: Schema?

    init(_ source: JSON) {
        enumeration = source["enum"]?.arrayValue
        minimum = source["minimum"]?.doubleValue
        maximum = source["maximum"]?.doubleValue
        exclusiveMinimum = source["exclusiveMinimum"]?.boolValue ?? false
        exclusiveMaximum = source["exclusiveMaximum"]?.boolValue ?? false
        multipleOf = source["multipleOf"]?.doubleValue
        minLength = source.int("minLength")
        maxLength = source.int("maxLength")
        pattern = source.string("pattern")
        format = source.string("format")
        minItems = source.int("minItems")
        maxItems = source.int("maxItems")
        uniqueItems = source["uniqueItems"]?.boolValue ?? false
        minProperties = source.int("minProperties")
        maxProperties = source.int("maxProperties")
        allOf = source["allOf"]?.arrayValue?.map { Schema($0) } ?? []
        anyOf = source["anyOf"]?.arrayValue?.map { Schema($0) } ?? []
        oneOf = source["oneOf"]?.arrayValue?.map { Schema($0) } ?? []
        not = source["not"].map { Schema($0) }
    }
}
