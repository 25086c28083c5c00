import WireFormats

extension ServerState {
    /// Responds to an external request.
    ///
    /// - Parameter admission: the answers of its webhooks; afterwards also the calls to be made, in which case nothing
    ///   was stored and the response is not final.
    mutating func respond(to request: APIRequest, _ admission: inout Admission) -> APIResponse {
        do throws(StatusError) {
            let user = try user(of: request)
            try authorize(user, request)
            admission.user = user
            var asked: Admission? = admission
            defer { if let asked { admission = asked } }
            return respond(to: request, from: user, &asked)
        } catch {
            return APIResponse(error)
        }
    }

    /// Responds to an authorized user without calling a webhook.
    mutating func respond(to request: APIRequest, from user: User) -> APIResponse {
        var admission: Admission?
        return respond(to: request, from: user, &admission)
    }

    private mutating func respond(
        to request: APIRequest, from user: User, _ admission: inout Admission?
    ) -> APIResponse {
        do throws(StatusError) {
            guard let info = RequestInfo(request) else { return respondOutsideResources(request) }
            if let review = try AccessReviews.respond(to: request, info, from: user, store) { return review }
            if metrics.serves(info) { return try respondToMetrics(request, info) }
            guard let type = registry.type(group: info.group, version: info.version, plural: info.resource) else {
                return .text(404, "404 page not found\n")
            }
            guard request.body.count <= Limits.requestBody else { throw .tooLarge() }
            var call = try Call(request, info, type, admission)
            defer { admission = call.admission }
            var response = try respond(to: &call)
            response.warnings = call.warnings
            return response
        } catch {
            return APIResponse(error)
        }
    }

    private mutating func respond(to call: inout Call) throws(StatusError) -> APIResponse {
        if call.info.subresource != nil { return try respondToSubresource(&call) }
        return switch call.info.verb {
        case "get": try get(call)
        case "list": try list(call)
        case "watch": try watch(call)
        case "create":
            if call.info.name == nil { try create(&call) } else { throw .methodNotAllowed() }
        case "update":
            if call.info.name != nil { try update(&call) } else { throw .methodNotAllowed() }
        case "patch":
            if call.info.name != nil { try patch(&call) } else { throw .methodNotAllowed() }
        case "delete": try delete(&call)
        case "deletecollection": try deleteCollection(&call)
        default: throw .methodNotAllowed()
        }
    }

    private mutating func respondToSubresource(_ call: inout Call) throws(StatusError) -> APIResponse {
        switch (call.info.subresource, call.info.verb) {
        case ("status", "get") where call.type.hasStatus: return try get(call)
        case ("status", "update") where call.type.hasStatus: return try update(&call)
        case ("status", "patch") where call.type.hasStatus: return try patch(&call)
        case ("scale", "get"), ("scale", "update"), ("scale", "patch"):
            if let paths = call.type.scale { return try scale(&call, paths) }
        case ("token", "create") where call.type.storage == GroupResource(group: "", resource: "serviceaccounts"):
            return try issueToken(call)
        case ("status", _) where call.type.hasStatus, ("scale", _) where call.type.scale != nil:
            throw .methodNotAllowed()
        default: break
        }
        throw .notFound(call.type.subject(call.info.name))
    }

    // MARK: Beside resources

    private func respondOutsideResources(_ request: APIRequest) -> APIResponse {
        let path = request.path.hasSuffix("/") ? String(request.path.dropLast()) : request.path
        switch path {
        case "/version": return APIResponse(200, json: Discovery.version)
        case "/healthz", "/livez", "/readyz": return .text(200, "ok")
        default: break
        }
        return metrics.discovery(path)
            ?? Discovery.respond(to: request, path: path, registry: registry, otherGroups: metrics.groups)
            ?? OpenAPI.respond(path: path, registry: registry)
            ?? OpenAPIv2.respond(to: request, path: path, registry: registry)
            ?? .text(404, "404 page not found\n")
    }
}
