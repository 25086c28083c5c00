import HTTPTransport
package import WireFormats

/// Which objects of a kind are meant.
package struct Selection: Sendable, Hashable {
    /// As `kubectl -l`; nil for all.
    package var labels: String?
    /// As `kubectl --field-selector`; nil for all.
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
    /// - Parameter reader: what is read of the object. One over the bounds is ``KubernetesError/Kind/tooLarge``.
    package func get(
        _ kind: ResourceKind, _ key: ObjectKey, _ reader: ObjectReader = ObjectReader(limits: KubernetesLimits.answer),
        deadline: Duration = KubernetesLimits.callDeadline
    ) async throws(KubernetesError) -> JSON {
        var call = try APICall(.get, kind, namespace: key.namespace, name: key.name)
        call.deadline = deadline
        call.reader = reader
        return try await json(call)
    }

    /// Returns what identifies an object and its version, however large the object is.
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

    /// Replaces the object. Its `metadata.resourceVersion` guards against overwriting someone else's change.
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

    /// Sends a JSON merge patch (RFC 7386), of the object or of a subresource such as `status`.
    ///
    /// With `metadata.resourceVersion` in it, the patch is refused as a conflict if the object has changed since.
    ///
    /// - Returns: what identifies the object and its new version.
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

    /// - Parameter uid: deletes the object only while it is this one.
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
    ///   - limit: objects at most; nil for all in one piece.
    ///   - continueToken: where the last page ended. An old one is ``KubernetesError/Kind/gone``.
    ///   - reader: what is read of each object.
    ///   - item: takes one object. Each is read on its own as it arrives, so a page takes the memory of one object.
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

    /// Fetches a list page by page and hands each page on before the next is asked for. Objects over the bounds are
    /// left out.
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
