package import WireFormats

/// A reference to one object of any kind, as in an event's `regarding`.
package struct ObjectReference: Sendable, Hashable {
    package let apiVersion: String
    package let kind: String
    package let key: ObjectKey
    package let uid: String?

    package init(apiVersion: String, kind: String, key: ObjectKey, uid: String? = nil) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.key = key
        self.uid = uid
    }

    package var json: JSON {
        var members: [String: JSON] = [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(key.name),
        ]
        if !key.namespace.isEmpty { members["namespace"] = .string(key.namespace) }
        if let uid { members["uid"] = .string(uid) }
        return .object(members)
    }
}
