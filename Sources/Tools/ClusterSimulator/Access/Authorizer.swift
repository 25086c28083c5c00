import WireFormats

/// Role-based access control over the roles and bindings in the store.
struct Authorizer {
    /// The attributes of a user's operation on a resource.
    struct Attributes {
        var verb: String
        var group: String
        var resource: String
        var subresource: String?
        var namespace: String
        var name: String?
    }

    private static let group = "rbac.authorization.k8s.io"

    let store: Store

    func allows(_ user: User, _ attributes: Attributes) -> Bool {
        if user.isAdministrator { return true }
        if attributes.group == AccessReviews.group, attributes.resource == "selfsubjectaccessreviews" {
            return user.isAuthenticated
        }
        return rules(of: user, in: attributes.namespace).contains { Self.matches($0, attributes) }
    }

    /// Returns the rules that bindings grant a user, cluster-wide and in a namespace.
    private func rules(of user: User, in namespace: String) -> [JSON] {
        var bindings = objects("clusterrolebindings", in: "")
        if !namespace.isEmpty { bindings += objects("rolebindings", in: namespace) }
        return bindings.filter { binding in
            binding.json["subjects"]?.arrayValue?.contains { Self.names($0, user, bindingIn: binding.key.namespace) }
                ?? false
        }.flatMap { rules(ofRole: $0.json["roleRef"] ?? [:], in: $0.key.namespace) }
    }

    private func rules(ofRole reference: JSON, in namespace: String) -> [JSON] {
        let name = reference.string("name") ?? ""
        let isNamespaced = reference.string("kind") == "Role"
        let role = store.object(
            GroupResource(group: Self.group, resource: isNamespaced ? "roles" : "clusterroles"),
            ObjectKey(namespace: isNamespaced ? namespace : "", name: name))
        return role?.json["rules"]?.arrayValue ?? []
    }

    private func objects(_ resource: String, in namespace: String) -> [ObjectVersion] {
        store.table(GroupResource(group: Self.group, resource: resource)).objects(in: namespace)
    }

    private static func names(_ subject: JSON, _ user: User, bindingIn namespace: String) -> Bool {
        let name = subject.string("name") ?? ""
        switch subject.string("kind") {
        case "User": return name == user.name
        case "Group": return user.groups.contains(name)
        case "ServiceAccount":
            let place = subject.string("namespace") ?? namespace
            return User.serviceAccount(namespace: place, name: name).name == user.name
        default: return false
        }
    }

    private static func matches(_ rule: JSON, _ attributes: Attributes) -> Bool {
        func list(_ name: String) -> [String] { rule[name]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        func contains(_ name: String, _ wanted: String) -> Bool {
            list(name).contains { $0 == wanted || $0 == "*" }
        }
        let names = list("resourceNames")
        return contains("verbs", attributes.verb) && contains("apiGroups", attributes.group)
            && list("resources").contains { self.matches($0, attributes) }
            && (names.isEmpty || attributes.name.map(names.contains) ?? false)
    }

    private static func matches(_ pattern: String, _ attributes: Attributes) -> Bool {
        if pattern == "*" { return true }
        guard let subresource = attributes.subresource else { return pattern == attributes.resource }
        return pattern == "\(attributes.resource)/\(subresource)" || pattern == "*/\(subresource)"
    }
}

extension Authorizer.Attributes {
    init(_ request: APIRequest, _ info: RequestInfo) {
        self.init(
            verb: info.verb, group: info.group, resource: info.resource, subresource: info.subresource,
            namespace: info.namespace, name: info.name)
        // A list or watch of one object by its name requires access to that name.
        let prefix = "metadata.name="
        if name == nil, let field = request.parameter("fieldSelector"), field.hasPrefix(prefix), !field.contains(",") {
            name = String(field.dropFirst(prefix.count))
        }
    }

    /// The text in a refusal's message.
    var text: String {
        let whole = subresource.map { "\(resource)/\($0)" } ?? resource
        let place = namespace.isEmpty ? "at the cluster scope" : "in the namespace \"\(namespace)\""
        return "\(verb) resource \"\(whole)\" in API group \"\(group)\" \(place)"
    }
}
