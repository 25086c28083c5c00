/// The identity of one scaler: its namespace and name, and its UID.
package struct ObjectIdentity: Sendable, Hashable {
    package let namespace: String
    package let name: String
    package let uid: String

    package init(namespace: String, name: String, uid: String) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }
}

extension GeneralScaler {
    package var identity: ObjectIdentity { ObjectIdentity(namespace: namespace, name: name, uid: uid) }
}
