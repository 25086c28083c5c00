import Testing
import WireFormats

@testable import ScalerAPI

@Suite("schemas for editors")
struct SchemaTests {
    private static let reference: JSON = ["$ref": "#/$defs/generalscaler.secretReference"]

    @Test("a string may also be a reference to a Secret, and keeps its description, default and marks")
    func references() {
        let schema = ConfigSchema([
            "type": "object",
            "properties": [
                "token": [
                    "type": "string", "minLength": 1, "description": "A token.", "x-secret": true, "default": "a",
                ],
                "limit": ["type": "integer", "minimum": 3],
                "names": ["type": "array", "items": ["type": ["string", "null"]]],
                "mode": ["oneOf": [["type": "string"], ["type": "boolean"]]],
            ],
        ]).document(title: "t", description: "d")
        let properties = schema["properties"]
        #expect(
            properties?["token"] == [
                "description": "A token.", "x-secret": true, "default": "a",
                "anyOf": [["type": "string", "minLength": 1], Self.reference],
            ])
        #expect(properties?["limit"] == ["type": "integer", "minimum": 3])
        #expect(properties?["names"]?["items"] == ["anyOf": [["type": ["string", "null"]], Self.reference]])
        #expect(properties?["mode"]?["oneOf"] == nil)
        #expect(properties?["mode"]?["anyOf"]?[1] == ["type": "boolean"])
    }

    @Test("references inside a plugin's schema resolve to the same place after it is embedded in another schema")
    func moved() {
        let schema = ConfigSchema([
            "$id": "https://example.com/a", "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object", "properties": ["next": ["$ref": "#"], "$ref": ["$ref": "#/$defs/b~1c"]],
            "$defs": ["b/c": ["type": "string"]],
        ])
        let part = schema.part(at: "#/$defs/config7")
        #expect(part["properties"]?["next"] == ["$ref": "#/$defs/config7"])
        #expect(part["properties"]?["$ref"] == ["$ref": "#/$defs/config7/$defs/b~1c"])
        #expect(part["$defs"]?["b/c"]?["anyOf"]?[1] == Self.reference)
        #expect(part["$id"] == nil)
        let document = schema.document(title: "t", description: "d")
        #expect(document["properties"]?["next"] == ["$ref": "#"])
        #expect(document["$defs"]?.objectValue?.keys.sorted() == ["b/c", "generalscaler.secretReference"])
    }

    @Test("a member that the administrator's defaults set is not required")
    func defaults() {
        let schema: JSON = ["type": "object", "properties": [:], "required": ["address", "query"]]
        let some = ConfigSchema(schema, defaults: ["address"])
        #expect(some.part(at: "#")["required"] == ["query"])
        #expect(some.requiresMembers)
        #expect(!ConfigSchema(schema, defaults: ["address", "query", "other"]).requiresMembers)
    }
}
