import WireFormats

/// The media types of patches.
enum PatchType: String, CaseIterable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategic = "application/strategic-merge-patch+json"
    case apply = "application/apply-patch+yaml"

    init(_ call: Call) throws(StatusError) {
        let mediaType = call.request.headers["content-type"]?.split(separator: ";").first?.trimmingSpaces()
        // Custom resources have no merge keys for a strategic merge.
        let accepted = Self.allCases.filter { $0 != .strategic || !call.type.isCustom }
        guard let type = accepted.first(where: { $0.rawValue == mediaType }) else {
            throw .unsupportedMediaType(accepted: accepted.map(\.rawValue))
        }
        self = type
    }
}

extension ServerState {
    mutating func patch(_ call: inout Call) throws(StatusError) -> APIResponse {
        let type = try PatchType(call)
        if type == .apply { return try apply(&call) }
        guard let stored = store.object(call.type.storage, call.key) else {
            throw .notFound(call.type.subject(call.info.name))
        }
        let old = served(stored, call.type)
        var patched = try self.patched(old, type, call, schema: call.type.schema)
        do throws(StatusError) {
            try checkType(&patched, call)
        } catch {
            throw error.code == 400 ? .undecodablePatch(error.message) : error
        }
        let object = try decode(patched, &call, .patch)
        let replaced = try replace(stored, old: old, with: object, &call)
        return respond(200, replaced, call)
    }

    /// Returns the result of applying the patch in the body to an object.
    func patched(_ object: JSON, _ type: PatchType, _ call: Call, schema: Schema?) throws(StatusError) -> JSON {
        let patch: JSON
        do {
            patch = try JSON(parsing: call.request.body)
        } catch {
            throw .badRequest("error decoding patch: \(error)")
        }
        switch type {
        case .json:
            do throws(JSONPatch.Failure) {
                return try JSONPatch.apply(patch, to: object)
            } catch {
                if let malformed = error.malformed { throw .badRequest("error decoding patch: \(malformed)") }
                throw StatusError(
                    422, "Invalid", "the server rejected our request due to an error in our request", details: [:])
            }
        case .merge:
            guard patch.objectValue != nil else {
                throw .badRequest("error decoding patch: a merge patch is an object")
            }
            return MergePatch.apply(patch, to: object)
        case .strategic:
            guard patch.objectValue != nil else {
                throw .badRequest("error decoding patch: a merge patch is an object")
            }
            do throws(StrategicMergePatch.Failure) {
                return try StrategicMergePatch.apply(patch, to: object, schema: schema)
            } catch {
                throw StatusError(500, "InternalError", error.message)
            }
        case .apply:
            throw .unsupportedMediaType(accepted: PatchType.allCases.map(\.rawValue))
        }
    }

    // MARK: Server-side apply

    private mutating func apply(_ call: inout Call) throws(StatusError) -> APIResponse {
        guard call.request.parameter("fieldManager") != nil else {
            throw .invalid(
                ErrorSubject(name: "", group: "meta.k8s.io", kind: "PatchOptions"),
                [.required("fieldManager", "is required for apply patch")])
        }
        var applied = try yaml(call.request.body)
        guard applied.objectValue != nil, applied["kind"] != nil, applied["apiVersion"] != nil else {
            throw .badRequest("error decoding YAML: an applied object needs apiVersion and kind")
        }
        try checkType(&applied, call)
        guard applied[at: "metadata", "managedFields"] == nil else {
            throw .badRequest("metadata.managedFields must be nil")
        }
        try refuseUnknownFields(applied, &call)
        guard let stored = store.object(call.type.storage, call.key) else {
            return try create(applying: applied, &call)
        }
        let old = served(stored, call.type)
        let (merged, managed) = try merge(applied, into: old, call)
        let object = try decode(merged, &call, .patch)
        let replaced = try replace(stored, old: old, with: object, &call, managed: managed)
        return respond(200, replaced, call)
    }

    private mutating func create(applying applied: JSON, _ call: inout Call) throws(StatusError) -> APIResponse {
        guard call.info.subresource == nil else { throw .notFound(call.type.subject(call.info.name)) }
        let created = try create(applied, &call, .patch) { state, _, call throws(StatusError) in
            var managed = ManagedFields()
            managed.apply(
                ManagedFields.claims(of: applied, call.type.schema), FieldWalk.Difference(),
                by: state.manager(call, .apply), at: state.timestamp)
            return managed
        }
        return respond(201, created, call)
    }

    /// Merges an applied configuration into the live object, unless other managers own the changed fields.
    private func merge(
        _ applied: JSON, into old: JSON, _ call: Call
    ) throws(StatusError) -> (JSON, ManagedFields) {
        let schema = call.type.schema
        let manager = manager(call, .apply)
        var managed = ManagedFields(old[at: "metadata", "managedFields"])
        let claimed = ManagedFields.claims(of: applied, schema)
        var merged = FieldWalk.merge(applied, into: old, schema)
        // Fields that this manager applied before and no longer specifies are removed, unless another manager owns them
        // too.
        let others = managed.ownedByOthers(than: manager)
        let dropped = managed.fields(of: manager).subtracting(claimed).subtracting(others)
        merged = FieldWalk.removing(dropped, keeping: others.union(claimed), from: merged, schema)
        let difference = difference(from: old, to: merged, call.type)
        let conflicts = managed.conflicts(difference, by: manager)
        guard conflicts.isEmpty || call.request.flag("force") else { throw Self.conflict(conflicts) }
        managed.apply(claimed, difference, by: manager, at: timestamp)
        return (merged, managed)
    }

    private static func conflict(_ conflicts: [ManagedFields.Conflict]) -> StatusError {
        let causes = conflicts.map { conflict -> JSON in
            [
                "reason": "FieldManagerConflict",
                "message": .string("conflict with \"\(conflict.manager.name)\""), "field": .string(conflict.path),
            ]
        }
        let list = conflicts.map { "\($0.path) (\"\($0.manager.name)\")" }.joined(separator: ", ")
        return StatusError(
            409, "Conflict", "Apply failed with \(causes.count) conflict\(causes.count == 1 ? "" : "s"): \(list)",
            details: ["causes": .array(causes)])
    }

    /// Refuses unknown fields in an applied configuration, which is always strict.
    private func refuseUnknownFields(_ applied: JSON, _ call: inout Call) throws(StatusError) {
        var pruned = applied
        var unknown: [String] = []
        call.type.schema.prune(&pruned, path: "", unknown: &unknown)
        guard let first = unknown.sorted().first else { return }
        let text = "failed to create typed patch object: .\(first): field not declared in schema"
        if call.type.isCustom, call.fieldValidation != .strict {
            for field in unknown.sorted() { call.warn("unknown field \"\(field)\"") }
        } else if call.fieldValidation == .strict {
            throw .badRequest(text)
        } else {
            throw StatusError(500, nil, text)
        }
    }
}
