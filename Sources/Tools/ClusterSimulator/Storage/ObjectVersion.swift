import WireFormats

/// What objects are kept under: one for all versions of a kind, and for both groups that serve events.
struct GroupResource: Hashable, Sendable {
    var group: String
    var resource: String
}

struct ObjectKey: Hashable, Comparable, Sendable {
    /// Empty for kinds without namespaces.
    var namespace: String
    var name: String

    static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }
}

/// A version of one object. Its text is made once, however many lists and watches carry it.
final class ObjectVersion: Sendable {
    let key: ObjectKey
    let revision: UInt64
    /// Without apiVersion and kind, which belong to the version it is served as.
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

    /// The object as JSON text without a type, as items of built-in lists are written.
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
    /// The new state; of a deleted object the last state, with the revision of the deletion.
    let object: ObjectVersion
    /// Nil for an object that was created.
    let previous: ObjectVersion?
    let isDeletion: Bool

    var revision: UInt64 { object.revision }
}
