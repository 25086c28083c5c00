import WireFormats

/// The OpenAPI v3 documents that kubectl uses to validate, merge and explain.
enum OpenAPI {
    static func respond(path: String, registry: Registry) -> APIResponse? {
        guard path.hasPrefix("/openapi/v3") else { return nil }
        let rest = path.dropFirst("/openapi/v3".count).split(separator: "/").map(String.init)
        switch (rest.first, rest.count) {
        case (nil, _): return APIResponse(200, json: index(registry))
        case ("api", 2): return document("", rest[1], registry)
        case ("apis", 3): return document(rest[1], rest[2], registry)
        default: return nil
        }
    }

    private static func index(_ registry: Registry) -> JSON {
        var paths: [String: JSON] = [:]
        for group in registry.groups {
            for version in registry.versions(of: group) {
                let path = group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)"
                paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)")]
            }
        }
        return ["paths": .object(paths)]
    }

    private static func document(_ group: String, _ version: String, _ registry: Registry) -> APIResponse? {
        let types = registry.types(group: group, version: version)
        guard !types.isEmpty else { return nil }
        var paths: [String: JSON] = [:]
        var schemas: [String: JSON] = [:]
        for type in types {
            schemas[type.schemaName] = schema(type)
            let collection = type.collectionPath
            paths[collection] = [
                "get": operation(type, parameters: []), "post": operation(type, parameters: writeParameters),
            ]
            paths["\(collection)/{name}"] = [
                "get": operation(type, parameters: []), "put": operation(type, parameters: writeParameters),
                "patch": operation(type, parameters: writeParameters),
                "delete": operation(type, parameters: ["dryRun"]),
            ]
        }
        return APIResponse(
            200,
            json: [
                "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": "v1.36.0"],
                "paths": .object(paths), "components": ["schemas": .object(schemas)],
            ])
    }

    static let writeParameters = ["dryRun", "fieldManager", "fieldValidation"]

    private static func operation(_ type: ResourceType, parameters: [String]) -> JSON {
        [
            "parameters": .array(
                parameters.map { ["name": .string($0), "in": "query", "schema": ["type": "string"]] }),
            "responses": [
                "200": [
                    "description": "OK",
                    "content": [
                        "application/json": [
                            "schema": ["$ref": .string("#/components/schemas/\(type.schemaName)")]
                        ]
                    ],
                ]
            ],
            "x-kubernetes-group-version-kind": type.groupVersionKind,
        ]
    }

    private static func schema(_ type: ResourceType) -> JSON {
        var schema = type.schema.source
        schema.set([type.groupVersionKind], at: "x-kubernetes-group-version-kind")
        return schema
    }
}

extension ResourceType {
    /// The collection's path, with `{namespace}` as a placeholder.
    var collectionPath: String {
        let prefix = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        return isNamespaced ? "\(prefix)/namespaces/{namespace}/\(plural)" : "\(prefix)/\(plural)"
    }

    var groupVersionKind: JSON {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }

    /// The reversed domain of the group, the version, the kind: `com.example.autoscaling.v1.GeneralScaler`.
    var schemaName: String {
        if !isCustom { return "io.k8s.api.\(group.isEmpty ? "core" : group).\(version).\(kind)" }
        return (group.split(separator: ".").reversed().map(String.init) + [version, kind]).joined(separator: ".")
    }
}
