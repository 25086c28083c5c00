import WireFormats

/// The effects of the server's own controllers, which are immediate and not delayed as in a real cluster.
extension ServerState {
    mutating func react(to event: StoreEvent) {
        switch event.resource {
        case CustomResourceDefinition.resource: define(event)
        case Self.namespaces where !event.isDeletion && event.object.json.isBeingDeleted:
            emptyNamespace(event.object.key.name)
        case let resource where WorkloadController.resources.contains(resource): followWorkload(event)
        default: break
        }
        if event.isDeletion, !event.object.key.namespace.isEmpty { finishNamespace(event.object.key.namespace) }
    }

    // MARK: Namespaces

    private mutating func emptyNamespace(_ name: String) {
        for type in registry.storedTypes where type.isNamespaced {
            for object in store.table(type.storage).objects(in: name) where !object.json.isBeingDeleted {
                _ = markForDeletion(type, object)
            }
        }
        finishNamespace(name)
    }

    /// Removes a namespace that is being deleted once it is empty.
    private mutating func finishNamespace(_ name: String) {
        let key = ObjectKey(namespace: "", name: name)
        guard let namespace = store.object(Self.namespaces, key), namespace.json.isBeingDeleted,
            registry.storedTypes.allSatisfy({ store.table($0.storage).isEmpty(in: name) })
        else { return }
        store.delete(Self.namespaces, key)
    }

    // MARK: Definitions

    private mutating func define(_ event: StoreEvent) {
        let definition = event.object.json
        let group = definition.string("spec", "group") ?? ""
        let plural = definition.string("spec", "names", "plural") ?? ""
        let resource = GroupResource(group: group, resource: plural)
        registry.remove(group: group, plural: plural)
        if event.isDeletion {
            // Finalizers of objects do not block the deletion of their definition, because no controller would remove
            // them.
            for object in store.table(resource).objects(in: "") { store.delete(resource, object.key) }
            retired.insert(resource)
            return
        }
        for type in CustomResourceDefinition.types(definition) { registry.add(type) }
        store.register(resource)
        establish(event.object)
    }

    private mutating func establish(_ object: ObjectVersion) {
        var json = object.json
        json.set(json[at: "spec", "names"], at: "status", "acceptedNames")
        let time = json[at: "status", "conditions"]?[0]?["lastTransitionTime"] ?? .string(timestamp)
        json.set(
            [
                [
                    "type": "NamesAccepted", "status": "True", "reason": "NoConflicts",
                    "message": "no conflicts found", "lastTransitionTime": time,
                ],
                [
                    "type": "Established", "status": "True", "reason": "InitialNamesAccepted",
                    "message": "the initial names have been accepted", "lastTransitionTime": time,
                ],
            ], at: "status", "conditions")
        if json != object.json { store.put(CustomResourceDefinition.resource, object.key, json) }
    }

    // MARK: Workloads

    private mutating func followWorkload(_ event: StoreEvent) {
        let reference = WorkloadController.Reference(resource: event.resource, key: event.object.key)
        if event.isDeletion {
            workloads.forget(reference)
            updatePods(of: reference, event.object.json)
        } else if workloads.observe(reference, event.object.json, now: now) {
            updateWorkload(reference)
        }
    }

    /// Writes the controller's status of a workload if it has changed.
    mutating func updateWorkload(_ reference: WorkloadController.Reference) {
        guard let object = store.object(reference.resource, reference.key),
            let type = registry.type(reference.resource)
        else { return }
        updatePods(of: reference, object.json)
        guard let updated = workloads.status(of: reference, in: object.json, now: now)
        else { return }
        var before = object.json
        before.setDefault([:], at: "status")
        var json = updated
        var managed = ManagedFields(json[at: "metadata", "managedFields"])
        managed.update(
            difference(from: before, to: json, type),
            by: ManagedFields.Manager(
                name: "kube-controller-manager", operation: .update, apiVersion: type.groupVersion,
                subresource: "status"),
            at: timestamp)
        json.set(managed.json, at: "metadata", "managedFields")
        store.put(reference.resource, reference.key, json)
    }
}
