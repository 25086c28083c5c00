import WireFormats

/// The OpenAPI v2 document, with which kubectl validates lists, and kubectl before 1.27 all objects.
///
/// kubectl accepts it only as protobuf.
enum OpenAPIv2 {
    /// Clients request it with an `@` before the last version, which is not valid in a media type.
    private static let protobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    static func respond(to request: APIRequest, path: String, registry: Registry) -> APIResponse? {
        guard path == "/openapi/v2" else { return nil }
        let document = document(registry)
        guard request.headers["accept"]?.contains("application/com.github.proto-openapi.spec.v2") == true else {
            return APIResponse(200, json: document)
        }
        return APIResponse(200, bytes: OpenAPIv2Writer.bytes(document), contentType: protobufType)
    }

    private static func document(_ registry: Registry) -> JSON {
        var paths: [String: JSON] = [:]
        var definitions: [String: JSON] = [:]
        for group in registry.groups {
            for version in registry.versions(of: group) {
                for type in registry.types(group: group, version: version) {
                    definitions[type.schemaName] = definition(type)
                    paths["\(type.collectionPath)/{name}"] = ["patch": patch(type)]
                }
            }
        }
        return [
            "swagger": "2.0", "info": ["title": "Kubernetes", "version": "v1.36.0"], "paths": .object(paths),
            "definitions": .object(definitions),
        ]
    }

    private static func definition(_ type: ResourceType) -> JSON {
        var schema = schema(type.schema.source)
        schema.set([type.groupVersionKind], at: "x-kubernetes-group-version-kind")
        return schema
    }

    private static func patch(_ type: ResourceType) -> JSON {
        let parameters = OpenAPI.writeParameters.map { name -> JSON in
            ["name": .string(name), "in": "query", "type": "string", "uniqueItems": true]
        }
        return [
            "parameters": .array(parameters), "responses": ["200": ["description": "OK"]],
            "x-kubernetes-group-version-kind": type.groupVersionKind,
        ]
    }

    /// Converts a v3 schema to v2 like the real server: what v2 or kubectl cannot express becomes any value.
    private static func schema(_ source: JSON) -> JSON {
        var schema: [String: JSON] = [:]
        for (name, value) in source.objectValue ?? [:] {
            switch name {
            case "properties": schema[name] = .object((value.objectValue ?? [:]).mapValues(self.schema))
            case "items": schema[name] = self.schema(value)
            case "additionalProperties": schema[name] = value.objectValue == nil ? value : self.schema(value)
            case "type", "format", "description", "required", "enum", "default", "pattern", "minimum", "maximum",
                "minLength", "maxLength", "minItems", "maxItems", "uniqueItems":
                schema[name] = value
            default: if name.hasPrefix("x-kubernetes-") { schema[name] = value }
            }
        }
        if source["nullable"] == true || source["x-kubernetes-preserve-unknown-fields"] == true {
            for name in ["type", "properties", "items", "additionalProperties", "required"] { schema[name] = nil }
        }
        return .object(schema)
    }
}
