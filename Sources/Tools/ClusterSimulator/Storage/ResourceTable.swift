/// The objects of one resource in key order, and the recent changes for watches.
struct ResourceTable: Sendable {
    private var objects: [ObjectKey: ObjectVersion] = [:]
    private var order: [ObjectKey] = []
    private(set) var history: WatchHistory

    init(floor: UInt64, historyLimit: Int) {
        history = WatchHistory(floor: floor, limit: historyLimit)
    }

    func isEmpty(in namespace: String) -> Bool { keys(in: namespace, after: nil).isEmpty }

    subscript(key: ObjectKey) -> ObjectVersion? { objects[key] }

    /// Returns the objects of a namespace (of all if empty) in order, after the key.
    func objects(in namespace: String, after start: ObjectKey? = nil) -> [ObjectVersion] {
        let range = keys(in: namespace, after: start)
        var found: [ObjectVersion] = []
        found.reserveCapacity(range.count)
        for key in order[range] {
            if let object = objects[key] { found.append(object) }
        }
        return found
    }

    /// Returns the same at an earlier revision.
    ///
    /// - Returns: nil if the history does not reach back that far.
    func objects(in namespace: String, at revision: UInt64, after start: ObjectKey? = nil) -> [ObjectVersion]? {
        guard let changed = history.states(at: revision) else { return nil }
        if changed.isEmpty { return objects(in: namespace, after: start) }
        var found = objects(in: namespace, after: start).filter { changed[$0.key] == nil }
        for case (let key, let state?) in changed {
            guard namespace.isEmpty || key.namespace == namespace, start.map({ key > $0 }) ?? true else { continue }
            found.append(state)
        }
        return found.sorted { $0.key < $1.key }
    }

    mutating func apply(_ event: StoreEvent) {
        let key = event.object.key
        if event.isDeletion {
            objects[key] = nil
            let index = lowerBound(of: key)
            if index < order.count, order[index] == key { order.remove(at: index) }
        } else if objects.updateValue(event.object, forKey: key) == nil {
            order.insert(key, at: lowerBound(of: key))
        }
        history.append(event)
    }

    mutating func compact(to revision: UInt64) {
        history.compact(to: revision)
    }

    private func keys(in namespace: String, after start: ObjectKey?) -> Range<Int> {
        let first = namespace.isEmpty ? 0 : lowerBound(of: ObjectKey(namespace: namespace, name: ""))
        let end = namespace.isEmpty ? order.count : lowerBound(of: ObjectKey(namespace: namespace + "\0", name: ""))
        guard let start else { return first..<end }
        var index = lowerBound(of: start)
        if index < order.count, order[index] == start { index += 1 }
        return min(max(first, index), end)..<end
    }

    private func lowerBound(of key: ObjectKey) -> Int {
        var low = 0
        var high = order.count
        while low < high {
            let middle = (low + high) / 2
            if order[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
