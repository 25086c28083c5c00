import HTTPTransport
package import WireFormats

/// Label and field selectors for objects of a kind.
package struct Selection: Sendable, Hashable {
    /// A label selector as for `kubectl -l`; nil for all.
    package var labels: String?
    /// A field selector as for `kubectl --field-selector`; nil for all.
    package var fields: String?

    package init(labels: String? = nil, fields: String? = nil) {
        self.labels = labels
        self.fields = fields
    }

    var query: [(name: String, value: String)] {
        [("labelSelector", labels), ("fieldSelector", fields)].compactMap { name, value in value.map { (name, $0) } }
    }
}

extension KubernetesClient {
    /// - Parameter reader: the reader of the object. An object over its limits is ``KubernetesError/Kind/tooLarge``.
    package func get(
        _ kind: ResourceKind, _ key: ObjectKey, _ reader: ObjectReader = ObjectReader(limits: KubernetesLimits.answer),
        deadline: Duration = KubernetesLimits.callDeadline
    ) async throws(KubernetesError) -> JSON {
        var call = try APICall(.get, kind, namespace: key.namespace, name: key.name)
        call.deadline = deadline
        call.reader = reader
        return try await json(call)
    }

    /// Returns the fields that identify an object and its version, regardless of the object's size.
    package func identity(
        of kind: ResourceKind, _ key: ObjectKey, deadline: Duration = KubernetesLimits.callDeadline
    ) async throws(KubernetesError) -> JSON {
        var call = try APICall(.get, kind, namespace: key.namespace, name: key.name)
        call.deadline = deadline
        call.reader = ObjectReader(.identity)
        call.wantsMetadataOnly = true
        return try await json(call)
    }

    /// - Returns: the object as the server stored it, with its defaults.
    package func create(
        _ kind: ResourceKind, in namespace: String, _ object: JSON,
        deadline: Duration = KubernetesLimits.callDeadline
    ) async throws(KubernetesError) -> JSON {
        var call = try APICall(.create, kind, namespace: namespace)
        call.subject = object["metadata"]?["name"]?.stringValue ?? namespace
        call.query = [("fieldManager", Self.fieldManager)]
        call.body = object
        call.deadline = deadline
        return try await json(call)
    }

    /// Replaces the object. Its `metadata.resourceVersion` prevents overwriting another client's change.
    package func update(
        _ kind: ResourceKind, _ key: ObjectKey, _ object: JSON, subresource: String? = nil,
        deadline: Duration = KubernetesLimits.callDeadline
    ) async throws(KubernetesError) -> JSON {
        var call = try APICall(.update, kind, namespace: key.namespace, name: key.name, subresource: subresource)
        call.query = [("fieldManager", Self.fieldManager)]
        call.body = object
        call.deadline = deadline
        return try await json(call)
    }

    /// Sends a JSON merge patch (RFC 7386), for the object or a subresource such as `status`.
    ///
    /// A patch that contains `metadata.resourceVersion` is refused as a conflict if the object has changed since.
    ///
    /// - Returns: the fields that identify the object and its new version.
    package func mergePatch(
        _ kind: ResourceKind, _ key: ObjectKey, _ patch: JSON, subresource: String? = nil,
        deadline: Duration = KubernetesLimits.callDeadline
    ) async throws(KubernetesError) -> JSON {
        var call = try APICall(.patch, kind, namespace: key.namespace, name: key.name, subresource: subresource)
        call.query = [("fieldManager", Self.fieldManager)]
        call.body = patch
        call.deadline = deadline
        call.reader = ObjectReader(.identity)
        call.wantsMetadataOnly = true
        return try await json(call)
    }

    /// - Parameter uid: deletes the object only if it has this UID.
    package func delete(
        _ kind: ResourceKind, _ key: ObjectKey, uid: String? = nil
    ) async throws(KubernetesError) {
        var call = try APICall(.delete, kind, namespace: key.namespace, name: key.name)
        if let uid {
            call.body = ["apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": .string(uid)]]
        }
        _ = try await perform(call)
    }

    /// Fetches one page of a list.
    ///
    /// - Parameters:
    ///   - namespace: nil for all.
    ///   - limit: the maximum number of objects; nil for all in one page.
    ///   - continueToken: the token of the last page. An expired one is ``KubernetesError/Kind/gone``.
    ///   - reader: the reader of each object.
    ///   - item: receives one object. Objects are read one by one as they arrive, so a page takes the memory of one
    ///     object.
    package func list<Item>(
        _ kind: ResourceKind, in namespace: String?, _ selection: Selection = Selection(),
        limit: Int? = KubernetesLimits.pageSize, continueToken: String? = nil,
        reader: ObjectReader = ObjectReader(),
        item: (ReadObject) -> Item
    ) async throws(KubernetesError) -> ListPage<Item> {
        var call = try APICall(.list, kind, namespace: namespace)
        call.query = selection.query
        if let limit { call.query.append(("limit", String(limit))) }
        if let continueToken { call.query.append(("continue", continueToken)) }
        call.deadline = KubernetesLimits.listDeadline
        return try await page(call) { item(try reader.read($0)) }
    }

    /// Fetches a list page by page and delivers each page before requesting the next. Objects over the limits are
    /// skipped.
    package func eachPage(
        of kind: ResourceKind, in namespace: String?, _ selection: Selection = Selection(),
        limit: Int = KubernetesLimits.pageSize,
        _ body: ([JSON]) async throws(KubernetesError) -> Void
    ) async throws(KubernetesError) {
        var token: String?
        repeat {
            let page = try await list(kind, in: namespace, selection, limit: limit, continueToken: token) { object in
                if case .whole(let json) = object { json } else { nil as JSON? }
            }
            try await body(page.items.compactMap(\.self))
            token = page.continueToken
        } while token != nil
    }
}
