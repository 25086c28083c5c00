/// The recent changes of one resource. A watch that starts earlier is answered with 410.
struct WatchHistory: Sendable {
    /// Changes up to and including this revision have been dropped.
    private(set) var floor: UInt64
    private let limit: Int
    /// The changes in order of revision; those before `first` are compacted, and removed half of the limit at a time.
    private var events: [StoreEvent] = []
    private var first = 0

    init(floor: UInt64, limit: Int) {
        self.floor = floor
        self.limit = limit
    }

    mutating func append(_ event: StoreEvent) {
        events.append(event)
        if events.count - first > limit {
            floor = events[first].revision
            first += 1
        }
        dropCompacted(atLeast: limit / 2 + 1)
    }

    mutating func compact(to revision: UInt64) {
        guard revision > floor else { return }
        first = index(after: revision)
        floor = revision
        dropCompacted(atLeast: 1)
    }

    /// Returns the changes after a revision, or nil if some of them have been dropped.
    func events(after revision: UInt64) -> ArraySlice<StoreEvent>? {
        guard revision >= floor else { return nil }
        return events[index(after: revision)...]
    }

    /// Returns the state at that revision of the objects that changed since; nil for an object that did not exist.
    func states(at revision: UInt64) -> [ObjectKey: ObjectVersion?]? {
        guard let later = events(after: revision) else { return nil }
        var states: [ObjectKey: ObjectVersion?] = [:]
        for event in later where states[event.object.key] == nil {
            states.updateValue(event.previous, forKey: event.object.key)
        }
        return states
    }

    private func index(after revision: UInt64) -> Int {
        var low = first
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if events[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func dropCompacted(atLeast count: Int) {
        guard first >= count else { return }
        events.removeFirst(first)
        first = 0
    }
}
