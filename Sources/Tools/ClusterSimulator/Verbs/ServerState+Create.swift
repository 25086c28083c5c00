import WireFormats

extension ServerState {
    mutating func create(_ call: inout Call) throws(StatusError) -> APIResponse {
        var object = try body(of: call)
        try checkType(&object, call)
        let created = try create(object, &call, .body) { state, object, call throws(StatusError) in
            let empty = state.emptyObject(call.type)
            var managed = ManagedFields()
            managed.update(
                state.difference(from: empty, to: object, call.type), by: state.manager(call, .update),
                at: state.timestamp)
            return managed
        }
        return respond(201, created, call)
    }

    /// - Parameter own: the owners of the new object's fields.
    mutating func create(
        _ sent: JSON, _ call: inout Call, _ origin: BodyOrigin,
        own: (ServerState, JSON, Call) throws(StatusError) -> ManagedFields
    ) throws(StatusError) -> ObjectVersion {
        let type = call.type
        var object = try decode(sent, &call, origin)
        try placeInNamespace(&object, call)
        try nameNewObject(&object, &call)
        if !object.resourceVersion.isEmpty {
            throw StatusError(500, nil, "resourceVersion should not be set on objects to be created")
        }
        try checkNamespaceAccepts(object, type)
        prepareNewMetadata(&object, &call)
        if type.hasStatus { object.set(nil, at: "status") }
        type.strategy.prepare(&object, nil)
        try validate(object, old: nil, type)

        let managed = try own(self, object, call)
        object.set(managed.json, at: "metadata", "managedFields")
        try review(AdmissionChange(.create, name: object.name, object: object), &call)
        let key = ObjectKey(namespace: object.namespace, name: object.name)
        guard store.object(type.storage, key) == nil else { throw .alreadyExists(type.subject(object.name)) }
        return save(object, key, call)
    }

    /// Stores the served form of an object, or only returns what would be stored.
    mutating func save(_ object: JSON, _ key: ObjectKey, _ call: Call) -> ObjectVersion {
        let stored = call.type.strategy.stored?(object) ?? object
        if call.storesNothing {
            var shown = stored
            shown.set(nil, at: "apiVersion")
            shown.set(nil, at: "kind")
            return ObjectVersion(key: key, revision: store.revision, json: shown)
        }
        return store.put(call.type.storage, key, stored)
    }

    /// Returns the served form of a stored object, with its type.
    func served(_ object: ObjectVersion, _ type: ResourceType) -> JSON {
        type.typed(type.strategy.served?(object.json) ?? object.json)
    }

    // MARK: Metadata

    func placeInNamespace(_ object: inout JSON, _ call: Call) throws(StatusError) {
        guard call.type.isNamespaced else {
            guard object.namespace.isEmpty else {
                throw .badRequest("namespace may not be set on objects that have no namespace")
            }
            return
        }
        guard !call.info.namespace.isEmpty else {
            throw .badRequest("an empty namespace may not be set during creation")
        }
        guard object.namespace.isEmpty || object.namespace == call.info.namespace else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        object.set(.string(call.info.namespace), at: "metadata", "namespace")
    }

    private func nameNewObject(_ object: inout JSON, _ call: inout Call) throws(StatusError) {
        if let name = call.info.name {
            guard object.name.isEmpty || object.name == name else {
                throw .badRequest(
                    "the name of the object (\(object.name)) does not match the name on the URL (\(name))")
            }
            object.set(.string(name), at: "metadata", "name")
        } else if object.name.isEmpty, let prefix = object.string("metadata", "generateName"), !prefix.isEmpty {
            let suffix = uid(&call, \.nameUID).lowercased().filter { $0 != "-" }.prefix(5)
            object.set(.string(prefix + suffix), at: "metadata", "name")
        }
        guard !object.name.isEmpty else {
            throw .invalid(
                call.type.kindSubject(""),
                [.required("metadata.name", "name or generateName is required")])
        }
    }

    private func checkNamespaceAccepts(_ object: JSON, _ type: ResourceType) throws(StatusError) {
        guard type.isNamespaced else { return }
        let name = object.namespace
        guard let namespace = store.object(Self.namespaces, ObjectKey(namespace: "", name: name)) else {
            throw .notFound(ErrorSubject(name: name, group: "", kind: "namespaces"))
        }
        guard namespace.json.isBeingDeleted else { return }
        let subject = type.subject(object.name)
        let cause: JSON = [
            "reason": "NamespaceTerminating", "message": "namespace \(name) is being terminated",
            "field": "metadata.namespace",
        ]
        throw StatusError(
            403, "Forbidden",
            """
            \(subject.qualified) "\(object.name)" is forbidden: unable to create new content in namespace \(name) \
            because it is being terminated
            """,
            details: subject.details(causes: [cause]))
    }

    private func prepareNewMetadata(_ object: inout JSON, _ call: inout Call) {
        let type = call.type
        object.set(.string(uid(&call, \.uid)), at: "metadata", "uid")
        object.set(.string(timestamp), at: "metadata", "creationTimestamp")
        for name in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields"] {
            object.set(nil, at: "metadata", name)
        }
        object.set(nil, at: "metadata", "generation")
        if type.strategy.countsGenerations { object.set(1, at: "metadata", "generation") }
    }

    /// Returns a new UUID, or the one that this request's webhooks have already received.
    private func uid(_ call: inout Call, _ place: WritableKeyPath<Admission, String?>) -> String {
        if let known = call.admission?[keyPath: place] { return known }
        let uid = configuration.makeUID()
        call.admission?[keyPath: place] = uid
        return uid
    }

    // MARK: Owners

    func manager(_ call: Call, _ operation: ManagedFields.Operation) -> ManagedFields.Manager {
        ManagedFields.Manager(
            name: call.manager, operation: operation, apiVersion: call.type.groupVersion,
            subresource: call.info.subresource)
    }

    func emptyObject(_ type: ResourceType) -> JSON {
        var empty = type.strategy.emptyObject
        empty.setDefault([:], at: "metadata")
        return empty
    }

    func difference(from old: JSON, to new: JSON, _ type: ResourceType) -> FieldWalk.Difference {
        FieldWalk.difference(from: ManagedFields.owned(old), to: ManagedFields.owned(new), type.schema)
    }

    static var namespaces: GroupResource { GroupResource(group: "", resource: "namespaces") }
}
