import WireFormats

/// The preconditions of a deletion, from its body or query.
private struct DeleteOptions {
    var uid: String?
    var resourceVersion: String?
    var isDryRun: Bool

    init(_ call: Call) throws(StatusError) {
        isDryRun = call.isDryRun
        guard !call.request.body.isEmpty else { return }
        guard let body = try? RequestBody(call.request).json, body.objectValue != nil else {
            throw .badRequest("the body is not a DeleteOptions object")
        }
        uid = body.string("preconditions", "uid")
        resourceVersion = body.string("preconditions", "resourceVersion")
        if body["dryRun"] == ["All"] { isDryRun = true }
    }
}

extension ServerState {
    mutating func delete(_ call: inout Call) throws(StatusError) -> APIResponse {
        let options = try DeleteOptions(call)
        call.isDryRun = options.isDryRun
        guard let object = store.object(call.type.storage, call.key) else {
            throw .notFound(call.type.subject(call.info.name))
        }
        try check(options, object, call)
        try reviewDeletion(of: object, &call)
        let remaining = call.storesNothing ? nil : markForDeletion(call.type, object)
        if let remaining { return respond(200, remaining, call) }
        if call.type.strategy.deletionReturnsObject { return respond(200, object, call) }
        var details = call.type.subject(object.key.name).details()
        details.set(object.json[at: "metadata", "uid"], at: "uid")
        return APIResponse(
            200,
            json: [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
            ])
    }

    mutating func deleteCollection(_ call: inout Call) throws(StatusError) -> APIResponse {
        call.isDryRun = try DeleteOptions(call).isDryRun
        let selection = try Selection(call)
        let objects = store.table(call.type.storage).objects(in: selection.namespace).filter(selection.matches)
        for object in objects { try reviewDeletion(of: object, &call) }
        if !call.storesNothing {
            for object in objects { _ = markForDeletion(call.type, object) }
        }
        var metadata: JSON = ["resourceVersion": .string(String(store.revision))]
        if call.type.isCustom { metadata.set("", at: "continue") }
        return respond(objects, metadata: metadata, call)
    }

    private func reviewDeletion(of object: ObjectVersion, _ call: inout Call) throws(StatusError) {
        let old = served(object, call.type)
        try review(AdmissionChange(.delete, name: call.info.name ?? "", oldObject: old), &call)
    }

    private func check(_ options: DeleteOptions, _ object: ObjectVersion, _ call: Call) throws(StatusError) {
        // The real server names the kind here, and the resource in its other conflicts.
        let subject = call.type.kindSubject(object.key.name)
        let uid = object.json.string("metadata", "uid") ?? ""
        if let wanted = options.uid, wanted != uid {
            throw .conflict(
                subject,
                """
                the UID in the precondition (\(wanted)) does not match the UID in record (\(uid)). The object might \
                have been deleted and then recreated
                """)
        }
        if let wanted = options.resourceVersion, wanted != object.json.resourceVersion {
            throw .conflict(
                subject,
                """
                the ResourceVersion in the precondition (\(wanted)) does not match the ResourceVersion in record \
                (\(object.json.resourceVersion)). The object might have been modified
                """)
        }
    }

    /// Deletes an object, or marks it if finalizers hold it.
    ///
    /// - Returns: the remaining object; nil if it was deleted.
    mutating func markForDeletion(_ type: ResourceType, _ object: ObjectVersion) -> ObjectVersion? {
        let isNamespace = type.storage == Self.namespaces
        guard isNamespace || !object.json.finalizers.isEmpty else {
            store.delete(type.storage, object.key)
            return nil
        }
        if object.json.isBeingDeleted { return object }
        var json = object.json
        json.set(.string(timestamp), at: "metadata", "deletionTimestamp")
        if !isNamespace { json.set(0, at: "metadata", "deletionGracePeriodSeconds") }
        if let generation = json.int("metadata", "generation") {
            json.set(JSON(generation + 1), at: "metadata", "generation")
        }
        if isNamespace { json.set("Terminating", at: "status", "phase") }
        return store.put(type.storage, object.key, json)
    }
}
