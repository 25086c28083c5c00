import WireFormats

/// The storage key of objects: one for all versions of a kind, and for both groups of events.
struct GroupResource: Hashable, Sendable {
    var group: String
    var resource: String
}

struct ObjectKey: Hashable, Comparable, Sendable {
    /// The namespace; empty for cluster-scoped kinds.
    var namespace: String
    var name: String

    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }
}

/// A version of one object. Its text is encoded once for all lists and watches.
final class ObjectVersion: Sendable {
    let key: ObjectKey
    let revision: UInt64
    /// The object without apiVersion and kind, which depend on the served version.
    let json: JSON
    let labels: [String: String]
    private let encoded: [UInt8]

    init(key: ObjectKey, revision: UInt64, json: JSON) {
        self.key = key
        self.revision = revision
        self.json = json
        labels = json.labels
        encoded = json.encoded()
    }

    /// The object as JSON text without a type, as in items of built-in lists.
    var untyped: [UInt8] { encoded }

    /// Returns the object as JSON text, with apiVersion and kind first.
    func typed(_ typeMembers: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(encoded.count + typeMembers.count + 1)
        append(typed: typeMembers, to: &text)
        return text
    }

    func append(typed typeMembers: [UInt8], to text: inout [UInt8]) {
        text.append(UInt8(ascii: "{"))
        text.append(contentsOf: typeMembers)
        text.append(contentsOf: encoded[1...])
    }
}

/// A change of one object.
struct StoreEvent: Sendable {
    let resource: GroupResource
    /// The new state; for a deleted object its last state, with the revision of the deletion.
    let object: ObjectVersion
    /// The previous state; nil for a created object.
    let previous: ObjectVersion?
    let isDeletion: Bool

    var revision: UInt64 { object.revision }
}
