import WireFormats

/// A change of an informer's view.
package enum InformerEvent<Object: Sendable>: Sendable {
    case added(ObjectKey, Object)
    case updated(ObjectKey, old: Object, new: Object)
    /// - Parameter last: what was known of it; nil if it was malformed.
    case deleted(ObjectKey, last: Object?)
    /// The object is there but cannot be read. The store no longer has it, not even as it was when it still could be
    /// read; once it can be read again it is `added`.
    case malformed(MalformedObject)
    /// Everything that was there at the start has been delivered. Comes once.
    case synced
}

/// An object that the decoder refused.
package struct MalformedObject: Sendable, Hashable {
    package let key: ObjectKey
    package let uid: String
    package let resourceVersion: String
    package let generation: Int?
    /// What is wrong with it, in the decoder's words.
    package let message: String
}

/// An object as it came in, read as far as it can be.
struct ObservedObject<Object: Sendable>: Sendable {
    enum Content: Sendable {
        case object(Object)
        case malformed(MalformedObject)
    }

    let key: ObjectKey
    let uid: String
    let resourceVersion: String
    let content: Content

    /// - Throws: ``JSONPathError`` if not even the metadata can be read: such an object has no name to report.
    init(
        _ object: ReadObject, decode: (JSON) throws -> Object,
        decodeOversized: (OversizedObject) throws -> Object = { throw $0 }
    ) throws(JSONPathError) {
        let json =
            switch object {
            case .whole(let json): json
            case .oversized(let oversized): oversized.remains
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
    /// A class, so that the table's free places take little room.
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

    /// All objects that can be read, in no order.
    var objects: [Object] { entries.values.compactMap(\.object) }

    mutating func apply(_ observed: ObservedObject<Object>) -> [InformerEvent<Object>] {
        let key = observed.key
        let old = entries[key]
        if let old, old.uid == observed.uid, old.resourceVersion == observed.resourceVersion { return [] }
        var events: [InformerEvent<Object>] = []
        // Deleted and recreated while no watch ran: another object under the same name.
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

    /// Removes what a whole list did not have.
    ///
    /// - Parameter namespace: what was listed; nil for all.
    mutating func removeAll(
        in namespace: String?, butKeep listed: Set<ObjectKey>
    ) -> [InformerEvent<Object>] {
        let gone = entries.keys.filter { !listed.contains($0) && (namespace == nil || $0.namespace == namespace) }
        return gone.sorted().flatMap { remove($0) }
    }
}
