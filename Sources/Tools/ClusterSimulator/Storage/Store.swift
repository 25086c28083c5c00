import WireFormats

/// All objects with a common revision, which every change increments: the counterpart of etcd.
struct Store: Sendable {
    private(set) var revision: UInt64
    private var tables: [GroupResource: ResourceTable] = [:]
    private let historyLimit: Int
    /// Changes that have not been delivered yet.
    private var unpublished: [StoreEvent] = []

    init(revision: UInt64, historyLimit: Int) {
        self.revision = revision
        self.historyLimit = historyLimit
    }

    /// Registers a resource; changes before this moment are too old for watches.
    mutating func register(_ resource: GroupResource) {
        if tables[resource] == nil {
            tables[resource] = ResourceTable(floor: revision, historyLimit: historyLimit)
        }
    }

    mutating func unregister(_ resource: GroupResource) {
        tables[resource] = nil
    }

    func table(_ resource: GroupResource) -> ResourceTable {
        tables[resource] ?? ResourceTable(floor: revision, historyLimit: 0)
    }

    func object(_ resource: GroupResource, _ key: ObjectKey) -> ObjectVersion? {
        tables[resource]?[key]
    }

    /// Stores a new state with the next revision.
    @discardableResult
    mutating func put(_ resource: GroupResource, _ key: ObjectKey, _ json: JSON) -> ObjectVersion {
        let previous = tables[resource]?[key]
        let object = stamped(key, json)
        record(StoreEvent(resource: resource, object: object, previous: previous, isDeletion: false))
        return object
    }

    /// - Parameter last: the last state for watchers, if it differs from the stored one.
    mutating func delete(_ resource: GroupResource, _ key: ObjectKey, last: JSON? = nil) {
        guard let previous = tables[resource]?[key] else { return }
        let object = stamped(key, last ?? previous.json)
        record(StoreEvent(resource: resource, object: object, previous: previous, isDeletion: true))
    }

    mutating func takeUnpublished() -> [StoreEvent] {
        defer { unpublished = [] }
        return unpublished
    }

    mutating func compact() {
        for resource in tables.keys { tables[resource]?.compact(to: revision) }
    }

    private mutating func stamped(_ key: ObjectKey, _ json: JSON) -> ObjectVersion {
        revision += 1
        var json = json
        json.set(.string(String(revision)), at: "metadata", "resourceVersion")
        json.set(nil, at: "apiVersion")
        json.set(nil, at: "kind")
        return ObjectVersion(key: key, revision: revision, json: json)
    }

    private mutating func record(_ event: StoreEvent) {
        tables[event.resource, default: ResourceTable(floor: revision - 1, historyLimit: historyLimit)].apply(event)
        unpublished.append(event)
    }
}
