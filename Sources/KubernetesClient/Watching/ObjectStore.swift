import WireFormats

/// A change of an informer's local copy.
package enum InformerEvent<Object: Sendable>: Sendable {
    case added(ObjectKey, Object)
    case updated(ObjectKey, old: Object, new: Object)
    /// - Parameter last: the last known state; nil if it was malformed.
    case deleted(ObjectKey, last: Object?)
    /// The object exists but is malformed. The store removes it, including its last valid state; once it is valid
    /// again, it is reported as `added`.
    case malformed(MalformedObject)
    /// All objects of the initial list have been delivered. Reported once.
    case synced
}

/// An object that the decoder refused.
package struct MalformedObject: Sendable, Hashable {
    package let key: ObjectKey
    package let uid: String
    package let resourceVersion: String
    package let generation: Int?
    /// The decoder's error message.
    package let message: String
}

/// A received object, decoded as far as possible.
struct ObservedObject<Object: Sendable>: Sendable {
    enum Content: Sendable {
        case object(Object)
        case malformed(MalformedObject)
    }

    let key: ObjectKey
    let uid: String
    let resourceVersion: String
    let content: Content

    /// - Throws: ``JSONPathError`` if the metadata is malformed: such an object has no name to report.
    init(
        _ object: ReadObject, decode: (JSON) throws -> Object,
        decodeOversized: (OversizedObject) throws -> Object = { throw $0 }
    ) throws(JSONPathError) {
        let json =
            switch object {
            case .whole(let json): json
            case .oversized(let oversized): oversized.partial
            }
        let metadata = try JSONReader(json).required("metadata")
        key = ObjectKey(
            namespace: try metadata.optional("namespace")?.string() ?? "",
            name: try metadata.required("name").nonEmptyString()
        )
        uid = try metadata.optional("uid")?.string() ?? ""
        resourceVersion = try metadata.required("resourceVersion").nonEmptyString()
        do {
            switch object {
            case .whole(let json): content = .object(try decode(json))
            case .oversized(let oversized): content = .object(try decodeOversized(oversized))
            }
        } catch {
            content = .malformed(
                MalformedObject(
                    key: key, uid: uid, resourceVersion: resourceVersion,
                    generation: metadata.value["generation"]?.intValue, message: "\(error)"))
        }
    }
}

/// The state of an informer. Pure: each change returns its events.
struct ObjectStore<Object: Sendable>: Sendable {
    /// A class, to keep free slots of the table small.
    private final class Entry: Sendable {
        let uid: String
        let resourceVersion: String
        /// Nil if the object is malformed.
        let object: Object?

        init(uid: String, resourceVersion: String, object: Object?) {
            self.uid = uid
            self.resourceVersion = resourceVersion
            self.object = object
        }
    }

    private var entries: [ObjectKey: Entry] = [:]

    subscript(key: ObjectKey) -> Object? { entries[key]?.object }

    /// All well-formed objects, in no order.
    var objects: [Object] { entries.values.compactMap(\.object) }

    mutating func apply(_ observed: ObservedObject<Object>) -> [InformerEvent<Object>] {
        let key = observed.key
        let old = entries[key]
        if let old, old.uid == observed.uid, old.resourceVersion == observed.resourceVersion { return [] }
        var events: [InformerEvent<Object>] = []
        // Deleted and recreated while no watch ran: a different object with the same name.
        let isSame = old?.uid == observed.uid
        if let old, !isSame { events.append(.deleted(key, last: old.object)) }
        switch observed.content {
        case .object(let object):
            entries[key] = Entry(uid: observed.uid, resourceVersion: observed.resourceVersion, object: object)
            if isSame, let last = old?.object {
                events.append(.updated(key, old: last, new: object))
            } else {
                events.append(.added(key, object))
            }
        case .malformed(let malformed):
            entries[key] = Entry(uid: observed.uid, resourceVersion: observed.resourceVersion, object: nil)
            events.append(.malformed(malformed))
        }
        return events
    }

    mutating func remove(_ key: ObjectKey) -> [InformerEvent<Object>] {
        guard let entry = entries.removeValue(forKey: key) else { return [] }
        return [.deleted(key, last: entry.object)]
    }

    /// Removes the objects that a complete list did not contain.
    ///
    /// - Parameter namespace: the namespace that was listed; nil for all.
    mutating func removeAll(
        in namespace: String?, butKeep listed: Set<ObjectKey>
    ) -> [InformerEvent<Object>] {
        let gone = entries.keys.filter { !listed.contains($0) && (namespace == nil || $0.namespace == namespace) }
        return gone.sorted().flatMap { remove($0) }
    }
}
