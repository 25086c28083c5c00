import WireFormats

extension ServerState {
    mutating func update(_ call: inout Call) throws(StatusError) -> APIResponse {
        var object = try body(of: call)
        try checkType(&object, call)
        guard let stored = store.object(call.type.storage, call.key) else {
            guard call.type.strategy.createsOnUpdate, call.info.subresource == nil else {
                throw .notFound(call.type.subject(call.info.name))
            }
            return try create(object, &call)
        }
        let old = served(stored, call.type)
        let sent = try decode(object, &call, .body)
        let replaced = try replace(stored, old: old, with: sent, &call)
        return respond(200, replaced, call)
    }

    private mutating func create(_ object: JSON, _ call: inout Call) throws(StatusError) -> APIResponse {
        let created = try create(object, &call, .body) { state, object, call throws(StatusError) in
            var managed = ManagedFields()
            managed.update(
                state.difference(from: state.emptyObject(call.type), to: object, call.type),
                by: state.manager(call, .update), at: state.timestamp)
            return managed
        }
        return respond(201, created, call)
    }

    /// Replaces the stored object with a decoded one, with all the rules of updates.
    ///
    /// Call this in a separate statement: as an argument of another method, it would copy every table.
    ///
    /// - Parameter managed: the owners of the fields; nil for an update, whose manager owns what it changes.
    mutating func replace(
        _ stored: ObjectVersion, old: JSON, with sent: JSON, _ call: inout Call, managed: ManagedFields? = nil
    ) throws(StatusError) -> ObjectVersion {
        let type = call.type
        var object = sent
        try checkIdentity(&object, old: old, call)
        try checkVersion(object, stored, call)
        keepServerMetadata(&object, old: old)
        keepOtherPart(&object, old: old, call)
        type.strategy.prepare(&object, old)
        countGeneration(&object, old: old, type)
        try validate(object, old: old, type)

        let owners = managed ?? self.owners(of: object, sent: sent, old: old, call)
        object.set(owners.json, at: "metadata", "managedFields")
        object.set(.string(stored.json.resourceVersion), at: "metadata", "resourceVersion")
        try review(
            AdmissionChange(.update, name: object.name, object: shown(object, call), oldObject: shown(old, call)), &call
        )
        if isSame(object, old) { return stored }
        if object.isBeingDeleted, object.finalizers.isEmpty, old.isBeingDeleted, !isTerminatingNamespace(object, type) {
            if !call.storesNothing {
                store.delete(type.storage, stored.key, last: type.strategy.stored?(object) ?? object)
            }
            return ObjectVersion(key: stored.key, revision: stored.revision, json: withoutType(object, type))
        }
        return save(object, stored.key, call)
    }

    /// Returns an object in the form of the request's path: the object or its Scale.
    private func shown(_ object: JSON, _ call: Call) -> JSON {
        guard call.info.subresource == "scale", let paths = call.type.scale else { return object }
        return paths.scale(of: object)
    }

    // MARK: Rules

    private func checkIdentity(_ object: inout JSON, old: JSON, _ call: Call) throws(StatusError) {
        try placeInNamespace(&object, call)
        if object.name.isEmpty { object.set(.string(old.name), at: "metadata", "name") }
        guard object.name == old.name else {
            throw .badRequest(
                "the name of the object (\(object.name)) does not match the name on the URL (\(old.name))")
        }
        if let uid = object.string("metadata", "uid"), !uid.isEmpty, uid != old.string("metadata", "uid") {
            throw .conflict(
                call.type.subject(object.name),
                """
                Precondition failed: UID in precondition: \(uid), UID in object meta: \
                \(old.string("metadata", "uid") ?? "")
                """)
        }
    }

    private func checkVersion(_ object: JSON, _ stored: ObjectVersion, _ call: Call) throws(StatusError) {
        let version = object.resourceVersion
        if version.isEmpty || version == "0" {
            guard call.type.strategy.allowsUnconditionalUpdate else {
                throw .invalid(
                    call.type.subject(object.name),
                    [.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
            }
        } else if version != stored.json.resourceVersion {
            throw .conflict(call.type.subject(object.name))
        }
    }

    private func keepServerMetadata(_ object: inout JSON, old: JSON) {
        for name in [
            "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink",
        ] {
            object.set(old[at: "metadata", name], at: "metadata", name)
        }
    }

    /// Restricts a status write to the status, and any other write to everything else.
    private func keepOtherPart(_ object: inout JSON, old: JSON, _ call: Call) {
        guard call.type.hasStatus else { return }
        if call.info.subresource == "status" {
            let status = object["status"]
            object = old
            object.set(status, at: "status")
        } else {
            object.set(old["status"], at: "status")
        }
    }

    private func countGeneration(_ object: inout JSON, old: JSON, _ type: ResourceType) {
        guard type.strategy.countsGenerations else { return }
        let hasChanged: Bool
        if type.isCustom {
            hasChanged = content(object, type) != content(old, type)
        } else {
            hasChanged =
                object["spec"] != old["spec"]
                || type.strategy.annotationsChangeGeneration
                    && object[at: "metadata", "annotations"] != old[at: "metadata", "annotations"]
        }
        let generation = old.int("metadata", "generation") ?? 1
        object.set(JSON(hasChanged ? generation + 1 : generation), at: "metadata", "generation")
    }

    /// Returns the part of a custom resource that determines its generation.
    private func content(_ object: JSON, _ type: ResourceType) -> JSON {
        var content = object
        content.set(nil, at: "metadata")
        if type.hasStatus { content.set(nil, at: "status") }
        return content
    }

    private func owners(of object: JSON, sent: JSON, old: JSON, _ call: Call) -> ManagedFields {
        // A client may edit the owners: `[{}]` removes all, and an absent list keeps them.
        let written = sent[at: "metadata", "managedFields"]
        var owners =
            written?.arrayValue?.isEmpty ?? true
            ? ManagedFields(old[at: "metadata", "managedFields"]) : ManagedFields(written)
        owners.update(
            difference(from: old, to: object, call.type), by: manager(call, .update), at: timestamp)
        return owners
    }

    /// Returns whether a write changes nothing, apart from times in its managed fields.
    private func isSame(_ object: JSON, _ old: JSON) -> Bool {
        func withoutTimes(_ object: JSON) -> JSON {
            var object = object
            let entries = object[at: "metadata", "managedFields"]?.arrayValue?.map { entry in
                var entry = entry
                entry.set(nil, at: "time")
                return entry
            }
            object.set(entries.map { .array($0) }, at: "metadata", "managedFields")
            return object
        }
        return withoutTimes(object) == withoutTimes(old)
    }

    private func isTerminatingNamespace(_ object: JSON, _ type: ResourceType) -> Bool {
        type.plural == "namespaces" && type.group.isEmpty
            && object[at: "spec", "finalizers"]?.arrayValue?.isEmpty == false
    }

    private func withoutType(_ object: JSON, _ type: ResourceType) -> JSON {
        var object = type.strategy.stored?(object) ?? object
        object.set(nil, at: "apiVersion")
        object.set(nil, at: "kind")
        return object
    }
}
