import WireFormats

/// Helpers for the schemas of built-in kinds.
enum S {
    static let string: JSON = ["type": "string"]
    static let bool: JSON = ["type": "boolean"]
    static let int32: JSON = ["type": "integer", "format": "int32"]
    static let int64: JSON = ["type": "integer", "format": "int64"]
    static let time: JSON = ["type": "string", "format": "date-time"]
    static let microTime: JSON = ["type": "string", "format": "micro-time"]
    static let intOrString: JSON = ["x-kubernetes-int-or-string": true]
    /// A quantity: `100m`, `1Gi`, or a plain number.
    static let quantity: JSON = ["x-kubernetes-int-or-string": true]
    static let stringMap: JSON = map(string)
    /// An object whose contents the simulator does not validate.
    static let opaque: JSON = ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
    static let opaqueList: JSON = array(opaque)
    static let any: JSON = ["x-kubernetes-preserve-unknown-fields": true]
    static let selector: JSON = [
        "type": "object", "x-kubernetes-map-type": "atomic",
        "properties": [
            "matchLabels": ["type": "object", "additionalProperties": ["type": "string"]],
            "matchExpressions": array(
                object(["key": string, "operator": string, "values": array(string)], required: ["key", "operator"])),
        ],
    ]

    static func object(_ properties: [String: JSON], required: [String] = []) -> JSON {
        var schema: JSON = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { schema.set(.array(required.map { .string($0) }), at: "required") }
        return schema
    }

    static func atomic(_ schema: JSON) -> JSON { with(schema, ["x-kubernetes-map-type": "atomic"]) }

    static func map(_ values: JSON) -> JSON { ["type": "object", "additionalProperties": values] }

    /// Returns an atomic list.
    static func array(_ items: JSON) -> JSON { ["type": "array", "items": items] }

    static func set(_ items: JSON) -> JSON {
        ["type": "array", "items": items, "x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge"]
    }

    /// Returns a list whose items are owned separately and identified by the keys.
    ///
    /// - Parameter patchKey: the key of strategic merge patches, which support one key only; the first if nil.
    static func list(_ items: JSON, keys: [String], patchKey: String? = nil) -> JSON {
        [
            "type": "array", "items": items, "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": .array(keys.map { .string($0) }),
            "x-kubernetes-patch-merge-key": .string(patchKey ?? keys[0]), "x-kubernetes-patch-strategy": "merge",
        ]
    }

    static func string(default value: String? = nil, oneOf values: [String] = [], maxLength: Int? = nil) -> JSON {
        var schema = string
        schema.set(value.map { .string($0) }, at: "default")
        if !values.isEmpty { schema.set(.array(values.map { .string($0) }), at: "enum") }
        schema.set(maxLength.map { JSON($0) }, at: "maxLength")
        return schema
    }

    static func int32(default value: Int? = nil, min: Int? = nil, max: Int? = nil) -> JSON {
        var schema = int32
        schema.set(value.map { JSON($0) }, at: "default")
        schema.set(min.map { JSON($0) }, at: "minimum")
        schema.set(max.map { JSON($0) }, at: "maximum")
        return schema
    }

    static func with(_ schema: JSON, _ extra: [String: JSON]) -> JSON {
        var schema = schema
        for (name, value) in extra { schema.set(value, at: name) }
        return schema
    }

    static func defaulted(_ schema: JSON, _ value: JSON) -> JSON { with(schema, ["default": value]) }

    /// The conditions of most kinds.
    static let conditions = list(
        object(
            [
                "type": string, "status": string(oneOf: ["True", "False", "Unknown"]), "reason": string,
                "message": string, "lastTransitionTime": time, "lastUpdateTime": time, "lastProbeTime": time,
                "observedGeneration": int64,
            ], required: ["type", "status"]),
        keys: ["type"])

    static let objectReference = atomic(
        object([
            "apiVersion": string, "kind": string, "name": string, "namespace": string, "uid": string,
            "resourceVersion": string, "fieldPath": string,
        ]))

    /// The metadata of every object.
    static let metadata = object([
        "name": string, "generateName": string, "namespace": string, "selfLink": string, "uid": string,
        "resourceVersion": string, "generation": int64, "creationTimestamp": time, "deletionTimestamp": time,
        "deletionGracePeriodSeconds": int64, "labels": stringMap, "annotations": stringMap,
        "finalizers": set(string),
        "ownerReferences": list(
            atomic(
                object(
                    [
                        "apiVersion": string, "kind": string, "name": string, "uid": string, "controller": bool,
                        "blockOwnerDeletion": bool,
                    ], required: ["apiVersion", "kind", "name", "uid"])),
            keys: ["uid"]),
        "managedFields": array(
            object([
                "manager": string, "operation": string, "apiVersion": string, "time": time, "fieldsType": string,
                "fieldsV1": opaque, "subresource": string,
            ])),
    ])

    static let metadataSchema = Schema(metadata)

    /// Returns the schema of a complete object: type, metadata and the kind's own members.
    static func kind(_ properties: [String: JSON], required: [String] = []) -> Schema {
        var all = properties
        all["apiVersion"] = string
        all["kind"] = string
        all["metadata"] = metadata
        return Schema(object(all, required: required))
    }
}
