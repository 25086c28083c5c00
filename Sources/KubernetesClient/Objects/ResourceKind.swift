/// A kind of object and its path in the API.
package struct ResourceKind: Sendable, Hashable {
    /// The API group; empty for the core group.
    package let group: String
    package let version: String
    package let kind: String
    /// The name in paths, such as `deployments`.
    package let plural: String
    package let isNamespaced: Bool

    package init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool = true) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    package static let lease = ResourceKind(
        group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases")
    package static let event = ResourceKind(group: "events.k8s.io", version: "v1", kind: "Event", plural: "events")

    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// Returns the path below the server's address.
    ///
    /// - Parameter namespace: nil or empty for all namespaces, or for a cluster-scoped kind.
    package func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        var path = Self.groupPath(apiVersion: apiVersion)
        if let namespace, !namespace.isEmpty { path += "/namespaces/\(percentEncoded(namespace))" }
        path += "/\(plural)"
        if let name { path += "/\(percentEncoded(name))" }
        if let subresource { path += "/\(subresource)" }
        return path
    }

    /// Returns the path of a group version: `/api/v1`, `/apis/apps/v1`.
    static func groupPath(apiVersion: String) -> String {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 1
            ? "/api/\(percentEncoded(apiVersion))" : "/apis/" + parts.map(percentEncoded).joined(separator: "/")
    }
}

/// Percent-encodes every byte except RFC 3986's unreserved characters, for a path segment or a query value.
func percentEncoded(_ text: some StringProtocol) -> String {
    let hex = Array("0123456789ABCDEF")
    var encoded = ""
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            encoded.append("%")
            encoded.append(hex[Int(byte >> 4)])
            encoded.append(hex[Int(byte & 0xF)])
        }
    }
    return encoded
}
