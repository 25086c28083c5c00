import WireFormats

extension ServerState {
    mutating func scale(_ call: inout Call, _ paths: ScalePaths) throws(StatusError) -> APIResponse {
        guard let stored = store.object(call.type.storage, call.key) else {
            throw .notFound(call.type.subject(call.info.name))
        }
        if call.type.isCustom, stored.json[at: paths.specReplicas] == nil {
            throw StatusError(
                500, "InternalError",
                """
                Internal error occurred: the spec replicas field ".\(paths.specReplicas.joined(separator: "."))" does \
                not exist
                """)
        }
        let scale = paths.scale(of: stored.json)
        switch call.info.verb {
        case "update":
            return APIResponse(200, json: try setScale(try body(of: call), stored, paths, &call, .body))
        case "patch":
            let type = try PatchType(call)
            let patched = try patched(scale, type, call, schema: ScalePaths.schema)
            return APIResponse(200, json: try setScale(patched, stored, paths, &call, .patch))
        default: return APIResponse(200, json: scale)
        }
    }

    private mutating func setScale(
        _ scale: JSON, _ stored: ObjectVersion, _ paths: ScalePaths, _ call: inout Call, _ origin: BodyOrigin
    ) throws(StatusError) -> JSON {
        let replicas = try replicas(of: scale, stored, origin)
        let old = served(stored, call.type)
        var object = old
        object.set(JSON(replicas), at: paths.specReplicas[...])
        let version = scale.resourceVersion
        object.set(
            .string(version.isEmpty ? stored.json.resourceVersion : version), at: "metadata", "resourceVersion")
        if let uid = scale[at: "metadata", "uid"] { object.set(uid, at: "metadata", "uid") }
        return paths.scale(of: try replace(stored, old: old, with: object, &call).json)
    }

    private func replicas(of scale: JSON, _ stored: ObjectVersion, _ origin: BodyOrigin) throws(StatusError) -> Int {
        guard scale.string("kind") ?? "Scale" == "Scale",
            scale.string("apiVersion") ?? "autoscaling/v1" == "autoscaling/v1"
        else { throw .badRequest("the body must be a Scale of autoscaling/v1") }
        let problems = SchemaValidator.errors(in: scale.withoutNulls(), of: ScalePaths.schema)
        if let first = problems.first {
            switch origin {
            case .body: throw .badRequest("Scale in version \"v1\" cannot be handled as a Scale: \(first.message)")
            case .patch: throw .undecodablePatch(first.message)
            }
        }
        guard scale.name == stored.key.name || scale.name.isEmpty else {
            throw .badRequest(
                "the name of the object (\(scale.name)) does not match the name on the URL (\(stored.key.name))")
        }
        guard scale.namespace == stored.key.namespace || scale.namespace.isEmpty else {
            throw .badRequest("the namespace of the object does not match the namespace on the request")
        }
        let replicas = scale.int("spec", "replicas") ?? 0
        guard replicas >= 0 else {
            throw .invalid(
                ErrorSubject(name: stored.key.name, group: "autoscaling", kind: "Scale"),
                [.invalid("spec.replicas", JSON(replicas), "must be greater than or equal to 0")])
        }
        return replicas
    }
}

extension ScalePaths {
    static let schema = Schema(
        S.object([
            "apiVersion": S.string, "kind": S.string, "metadata": S.metadata,
            "spec": S.object(["replicas": S.int32]),
            "status": S.object(["replicas": S.int32, "selector": S.string]),
        ]))

    /// Returns the Scale of an object.
    func scale(of object: JSON) -> JSON {
        var metadata: JSON = [:]
        for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            metadata.set(object[at: "metadata", name], at: name)
        }
        var scale: JSON = [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": ["replicas": JSON(object[at: specReplicas]?.intValue ?? 0)],
            "status": ["replicas": JSON(object[at: statusReplicas]?.intValue ?? 0)],
        ]
        switch selector {
        case .labelSelector(let path):
            scale.set(.string(Self.text(of: object[at: path] ?? [:])), at: "status", "selector")
        case .text(let path):
            if let text = object[at: path]?.stringValue { scale.set(.string(text), at: "status", "selector") }
        case nil: break
        }
        return scale
    }

    /// Returns a label selector object in its text form: `app=web,tier in (a,b)`.
    static func text(of selector: JSON) -> String {
        let labels = (selector["matchLabels"]?.objectValue ?? [:]).sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value.stringValue ?? "")" }
        let expressions = (selector["matchExpressions"]?.arrayValue ?? []).map { expression in
            let key = expression.string("key") ?? ""
            let values = expression["values"]?.arrayValue?.compactMap(\.stringValue).joined(separator: ",") ?? ""
            return switch expression.string("operator") {
            case "In": "\(key) in (\(values))"
            case "NotIn": "\(key) notin (\(values))"
            case "DoesNotExist": "!\(key)"
            default: key
            }
        }
        return (labels + expressions).joined(separator: ",")
    }
}
