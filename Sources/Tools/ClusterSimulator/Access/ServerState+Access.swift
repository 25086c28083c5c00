import FoundationEssentials
import WireFormats

/// A service account token issued by the server.
struct IssuedToken: Sendable {
    let user: User
    /// The expiry in microseconds since 1970.
    let expires: Int64
    /// The receivers that the token is for.
    let audiences: [String]
    /// The audience of the API server, for which a token is unless its request names others.
    static let serverAudience = "https://kubernetes.default.svc"
}

extension IssuedToken {
    /// The token as a JWT, whose signature nobody verifies.
    fileprivate func text(id: String) -> String {
        let claims: JSON = [
            "iss": .string(Self.serverAudience), "sub": .string(user.name), "jti": .string(id),
            "aud": .array(audiences.map(JSON.string)), "exp": .integer(expires / 1_000_000),
        ]
        let parts = [#"{"alg":"none","typ":"JWT"}"#, claims.description, id].map { part in
            Data(part.utf8).base64EncodedString().filter { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        }
        return parts.map { String($0) }.joined(separator: ".")
    }
}

extension ServerState {
    /// - Throws: 401 if the request has an unknown token.
    func user(of request: APIRequest) throws(StatusError) -> User {
        guard let header = request.headers["authorization"] else {
            return configuration.token == nil ? .administrator : .anonymous
        }
        let prefix = "Bearer "
        guard header.hasPrefix(prefix) else { throw .unauthorized() }
        let token = String(header.dropFirst(prefix.count))
        if let issued = tokens[token], issued.expires > now, issued.audiences.contains(IssuedToken.serverAudience) {
            return issued.user
        }
        guard configuration.token == nil || configuration.token == token else { throw .unauthorized() }
        return .administrator
    }

    func authorize(_ user: User, _ request: APIRequest) throws(StatusError) {
        guard let info = RequestInfo(request) else {
            if user.isAuthenticated || Self.publicPaths.contains(request.path) { return }
            throw StatusError(
                403, "Forbidden",
                "forbidden: User \"\(user.name)\" cannot \(request.method.lowercased()) path \"\(request.path)\"",
                details: [:])
        }
        let attributes = Authorizer.Attributes(request, info)
        if Authorizer(store: store).allows(user, attributes) { return }
        let subject = ErrorSubject(name: info.name, group: info.group, kind: info.resource)
        let name = info.name.map { " \"\($0)\"" } ?? ""
        throw StatusError(
            403, "Forbidden",
            "\(subject.qualified)\(name) is forbidden: User \"\(user.name)\" cannot \(attributes.text)",
            details: subject.details())
    }

    /// The paths that the real server serves to all users.
    private static let publicPaths: Set = ["/version", "/version/", "/healthz", "/livez", "/readyz"]

    // MARK: Tokens

    /// Issues a token for a service account: its `token` subresource.
    mutating func issueToken(_ call: Call) throws(StatusError) -> APIResponse {
        guard store.object(call.type.storage, call.key) != nil else {
            throw .notFound(call.type.subject(call.info.name))
        }
        var answer = try body(of: call)
        let seconds = answer.int("spec", "expirationSeconds") ?? Limits.tokenSeconds
        guard seconds >= Limits.leastTokenSeconds else {
            throw .invalid(
                ErrorSubject(name: "", group: "authentication.k8s.io", kind: "TokenRequest"),
                [
                    .invalid(
                        "spec.expirationSeconds", JSON(seconds),
                        "may not specify a duration less than \(Limits.leastTokenSeconds) seconds")
                ])
        }
        let expires = now + Int64(seconds) * 1_000_000
        let named = answer[at: "spec", "audiences"]?.arrayValue?.compactMap(\.stringValue) ?? []
        let issued = IssuedToken(
            user: .serviceAccount(namespace: call.key.namespace, name: call.key.name), expires: expires,
            audiences: named.isEmpty ? [IssuedToken.serverAudience] : named)
        let token = issued.text(id: configuration.makeUID())
        tokens = tokens.filter { $0.value.expires > now }
        tokens[token] = issued
        answer.set(.array(issued.audiences.map(JSON.string)), at: "spec", "audiences")
        answer.set(JSON(seconds), at: "spec", "expirationSeconds")
        answer.set("authentication.k8s.io/v1", at: "apiVersion")
        answer.set("TokenRequest", at: "kind")
        answer.set(
            [
                "token": .string(token),
                "expirationTimestamp": .string(RFC3339.text(microseconds: expires, precision: .seconds)),
            ], at: "status")
        return APIResponse(201, json: answer)
    }
}

/// Access reviews: requests that check whether a user may do something. They are answered and not stored.
enum AccessReviews {
    static let group = "authorization.k8s.io"

    /// - Returns: nil if the request is not an access review.
    static func respond(
        to request: APIRequest, _ info: RequestInfo, from user: User, _ store: Store
    ) throws(StatusError) -> APIResponse? {
        guard info.group == group, info.version == "v1", info.name == nil,
            let kind = [
                "subjectaccessreviews": "SubjectAccessReview", "selfsubjectaccessreviews": "SelfSubjectAccessReview",
                "localsubjectaccessreviews": "LocalSubjectAccessReview",
            ][info.resource]
        else { return nil }
        guard info.verb == "create" else { throw .methodNotAllowed() }
        guard var review = try? RequestBody(request).json, review["spec"]?.objectValue != nil else {
            throw .badRequest("the body must be a \(kind)")
        }
        var subject = user
        if kind != "SelfSubjectAccessReview" {
            let groups = review[at: "spec", "groups"]?.arrayValue?.compactMap(\.stringValue) ?? []
            subject = User(name: review.string("spec", "user") ?? "", groups: groups)
            guard !subject.name.isEmpty || !groups.isEmpty else {
                throw .invalid(
                    ErrorSubject(name: "", group: group, kind: kind),
                    [.required("spec.user", "at least one of user or group must be specified")])
            }
        }
        let resource = review[at: "spec", "resourceAttributes"]
        let isAllowed =
            resource.map { resource in
                Authorizer(store: store).allows(
                    subject,
                    Authorizer.Attributes(
                        verb: resource.string("verb") ?? "", group: resource.string("group") ?? "",
                        resource: resource.string("resource") ?? "", subresource: resource.string("subresource"),
                        namespace: resource.string("namespace") ?? "", name: resource.string("name")))
            } ?? subject.isAdministrator
        review.set("\(group)/v1", at: "apiVersion")
        review.set(.string(kind), at: "kind")
        review.setDefault([:], at: "metadata")
        review.set(["allowed": .bool(isAllowed)], at: "status")
        return APIResponse(201, json: review)
    }
}
