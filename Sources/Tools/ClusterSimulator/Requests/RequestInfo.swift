/// The meaning of a path and a method in the API server's terms.
package struct RequestInfo: Sendable, Hashable {
    package var verb: String
    package var group: String
    package var version: String
    /// The namespace; empty for all namespaces or a cluster-scoped resource.
    package var namespace: String
    /// The plural.
    package var resource: String
    /// The object's name; nil for the collection.
    package var name: String?
    package var subresource: String?

    /// - Returns: nil if the path is not that of a resource: discovery, health, schemas.
    package init?(_ request: APIRequest) {
        var parts = request.path.split(separator: "/").map(String.init)[...]
        switch parts.popFirst() {
        case "api": group = ""
        case "apis":
            guard let first = parts.popFirst() else { return nil }
            group = first
        default: return nil
        }
        guard let version = parts.popFirst(), !parts.isEmpty else { return nil }
        self.version = version
        namespace = ""
        if parts.first == "namespaces", parts.count > 2, parts[parts.startIndex + 2] != "status" {
            namespace = parts[parts.startIndex + 1]
            parts = parts.dropFirst(2)
        }
        resource = parts.popFirst() ?? ""
        name = parts.popFirst()
        // What follows is a path of the pod.
        subresource = parts.isEmpty ? nil : parts.first == "proxy" ? "proxy" : parts.joined(separator: "/")
        verb = Self.verb(request, isCollection: name == nil)
    }

    private static func verb(_ request: APIRequest, isCollection: Bool) -> String {
        switch request.method {
        case "GET", "HEAD":
            request.flag("watch") ? "watch" : isCollection ? "list" : "get"
        case "POST": "create"
        case "PUT": "update"
        case "PATCH": "patch"
        case "DELETE": isCollection ? "deletecollection" : "delete"
        default: request.method.lowercased()
        }
    }
}
