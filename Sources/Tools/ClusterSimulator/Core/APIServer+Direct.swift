package import WireFormats

/// Access to the server from within the process, for tests, the demo and benchmarks.
extension APIServer {
    /// Creates an object, with all the rules of a POST.
    @discardableResult
    package func create(_ object: JSON) throws(StatusError) -> JSON {
        let path = try path(of: object, withName: false)
        return try answer(APIRequest("POST", path, headers: Self.headers, body: object.encoded()))
    }

    /// Creates an object or applies it to the existing one, as `kubectl apply --server-side --force-conflicts` does.
    @discardableResult
    package func apply(_ object: JSON) throws(StatusError) -> JSON {
        let path = try path(of: object, withName: true) + "?fieldManager=simulator&force=true"
        var headers = Self.headers
        headers["content-type"] = PatchType.apply.rawValue
        return try answer(APIRequest("PATCH", path, headers: headers, body: object.encoded()))
    }

    /// Returns the response to a GET of that path: an object or a list.
    package func get(_ path: String) throws(StatusError) -> JSON {
        try answer(APIRequest("GET", path, headers: Self.headers))
    }

    /// Applies a merge patch to the object, or subresource, at that path.
    @discardableResult
    package func patch(_ path: String, _ patch: JSON) throws(StatusError) -> JSON {
        var headers = Self.headers
        headers["content-type"] = PatchType.merge.rawValue
        return try answer(APIRequest("PATCH", path, headers: headers, body: patch.encoded()))
    }

    @discardableResult
    package func delete(_ path: String) throws(StatusError) -> JSON {
        try answer(APIRequest("DELETE", path, headers: Self.headers))
    }

    // MARK: Faults and history

    package func addFault(_ rule: FaultRule) { withState { $0.faults.add(rule) } }

    package func removeFaults() { withState { $0.faults.removeAll() } }

    /// Breaks the connection of every running watch of the resource, or of all.
    package func cutWatches(ofResource plural: String? = nil) {
        withState { $0.watches.end(.cut) { resource in plural.map { $0 == resource.resource } ?? true } }
    }

    /// Drops all past changes: a watch from any earlier resourceVersion gets 410.
    package func compact() { withState { $0.store.compact() } }

    /// The last external requests, oldest first.
    package var requests: [LoggedRequest] { withState { $0.log.entries } }

    /// Returns the external requests since the last call, oldest first.
    package func takeRequests() -> [LoggedRequest] {
        withState { state in
            defer { state.log.clear() }
            return state.log.entries
        }
    }

    package func clearRequests() { withState { $0.log.clear() } }

    // MARK: Workloads

    /// Keeps the statuses of workloads as they are until ``thawWorkloads()``.
    package func freezeWorkloads() { withState { $0.workloads.freeze() } }

    package func thawWorkloads() {
        withState { state in
            state.workloads.thaw(now: state.now)
            state.advance()
        }
    }

    /// Makes every pod of every workload ready now, also while frozen.
    package func completeWorkloads() {
        withState { state in
            for reference in state.workloads.completeAll(now: state.now) { state.updateWorkload(reference) }
        }
    }

    // MARK: Own requests

    private static let headers = ["content-type": "application/json", "user-agent": "simulator"]

    /// Handles a request without faults, log and authentication.
    private func answer(_ request: APIRequest) throws(StatusError) -> JSON {
        let response = withState { $0.respond(to: request, from: .administrator) }
        let json = response.json ?? .null
        guard response.status < 300 else {
            throw StatusError(
                response.status, json.string("reason"), json.string("message") ?? "\(request.path)",
                details: json["details"])
        }
        return json
    }

    private func path(of object: JSON, withName: Bool) throws(StatusError) -> String {
        let apiVersion = object.string("apiVersion") ?? ""
        let kind = object.string("kind") ?? ""
        guard let type = withState({ $0.registry.type(apiVersion: apiVersion, kind: kind) }) else {
            throw .badRequest("the simulator serves no \(kind) of \(apiVersion)")
        }
        var path = type.group.isEmpty ? "/api/\(type.version)" : "/apis/\(type.group)/\(type.version)"
        if type.isNamespaced { path += "/namespaces/\(object.namespace.isEmpty ? "default" : object.namespace)" }
        path += "/\(type.plural)"
        return withName ? "\(path)/\(object.name)" : path
    }
}

extension APIServer {
    /// Ends every watch normally, because the server is about to stop.
    func endWatches() { withState { $0.watches.close() } }
}
