package import WireFormats

/// The JSON Schema (2020-12) of a metric's `config` as users write it: the plugin's own, in which each text may also be a
/// reference to a Secret.
package struct ConfigSchema: Sendable {
    static let referenceName = "generalscaler.secretReference"
    private static let dialect = "https://json-schema.org/draft/2020-12/schema"

    private let members: [String: JSON]

    /// - Parameters:
    ///   - schema: the plugin's `configSchema`.
    ///   - defaults: the members that the administrator's defaults give each config, which a config may therefore omit.
    package init(_ schema: JSON, defaults: Set<String> = []) {
        var members = Self.allowingReferences(schema).objectValue ?? [:]
        members["$schema"] = nil
        // References count from the root of the schema, also after it has become part of another.
        members["$id"] = nil
        let required = (members["required"]?.arrayValue ?? []).filter { !defaults.contains($0.stringValue ?? "") }
        members["required"] = required.isEmpty ? nil : .array(required)
        self.members = members
    }

    /// Whether a config without members is incomplete.
    var requiresMembers: Bool { members["required"] != nil }

    /// Returns a standalone schema.
    package func document(title: String, description: String) -> JSON {
        var document = members
        document["$schema"] = .string(Self.dialect)
        document["title"] = .string(title)
        if document["description"] == nil { document["description"] = .string(description) }
        var definitions = members["$defs"]?.objectValue ?? [:]
        definitions[Self.referenceName] = Self.reference
        document["$defs"] = .object(definitions)
        return .object(document)
    }

    /// The schema as a part of a document, at a path such as `#/$defs/config0`.
    func part(at path: String) -> JSON { Self.moved(.object(members), to: path) }

    /// The schema of `{valueFrom: ...}`, with a value of a Secret or a token of a ServiceAccount.
    static let reference: JSON = [
        "type": "object",
        "description": "A value of a Secret, or a token of a ServiceAccount, in the namespace of the GeneralScaler.",
        "additionalProperties": false, "required": ["valueFrom"],
        "properties": [
            "valueFrom": [
                "type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
                "properties": [
                    "serviceAccountToken": [
                        "type": "object", "additionalProperties": false,
                        "required": ["serviceAccountName", "audience"],
                        "properties": [
                            "serviceAccountName": [
                                "type": "string", "minLength": 1, "description": "Name of the ServiceAccount.",
                            ],
                            "audience": [
                                "type": "string", "minLength": 1, "maxLength": 512,
                                "description": "Receiver that the token is for.",
                            ],
                            "expirationSeconds": [
                                "type": "integer", "minimum": 600, "maximum": 3600, "default": 3600,
                                "description": "Requested lifetime of the token in seconds.",
                            ],
                        ],
                    ],
                    "secretKeyRef": [
                        "type": "object", "additionalProperties": false, "required": ["name", "key"],
                        "properties": [
                            "name": ["type": "string", "minLength": 1, "description": "Name of the Secret."],
                            "key": [
                                "type": "string", "pattern": "^[-._a-zA-Z0-9]+$", "maxLength": 253,
                                "description": "Key of the value in the Secret.",
                            ],
                            "optional": [
                                "type": "boolean", "default": false,
                                "description": "Omit the field if the Secret or its key does not exist.",
                            ],
                        ],
                    ],
                ],
            ]
        ],
    ]

    private static let schemaMaps: Set = [
        "properties", "patternProperties", "$defs", "definitions", "dependentSchemas",
    ]
    private static let schemas: Set = ["items", "additionalProperties", "then", "else"]
    private static let schemaLists: Set = ["anyOf", "oneOf", "allOf", "prefixItems"]
    /// What stays beside the alternatives: editors show it.
    private static let annotations: Set = ["title", "description", "default", "examples", "deprecated"]

    private static func allowingReferences(_ schema: JSON) -> JSON {
        guard case .object(let members) = schema else { return schema }
        var result: [String: JSON] = [:]
        for (name, member) in members {
            switch member {
            case .object(let inner) where schemaMaps.contains(name):
                result[name] = .object(inner.mapValues(allowingReferences))
            case .object where schemas.contains(name): result[name] = allowingReferences(member)
            case .array(let elements) where schemaLists.contains(name):
                let changed = elements.map(allowingReferences)
                // A reference matches each alternative that is a text, so that more than one may match.
                result[name == "oneOf" && changed != elements ? "anyOf" : name] = .array(changed)
            default: result[name] = member
            }
        }
        guard acceptsText(result["type"]) else { return .object(result) }
        let kept = result.filter { annotations.contains($0.key) || $0.key.hasPrefix("x-") }
        let text = result.filter { kept[$0.key] == nil }
        return .object(
            kept.merging(["anyOf": [.object(text), ["$ref": .string("#/$defs/\(referenceName)")]]]) { $1 })
    }

    private static func acceptsText(_ type: JSON?) -> Bool {
        type == "string" || (type?.arrayValue ?? []).contains("string")
    }

    private static func moved(_ schema: JSON, to path: String) -> JSON {
        switch schema {
        case .array(let elements): return .array(elements.map { moved($0, to: path) })
        case .object(let members):
            var result: [String: JSON] = [:]
            for (name, member) in members {
                if name == "$ref", let target = member.stringValue, target == "#" || target.hasPrefix("#/"),
                    target != "#/$defs/\(referenceName)"
                {
                    result[name] = .string(path + target.dropFirst())
                } else {
                    result[name] = moved(member, to: path)
                }
            }
            return .object(result)
        default: return schema
        }
    }
}
