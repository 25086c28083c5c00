/// Which transfer's deadline comes next: a binary min-heap.
///
/// A transfer that ended early is removed when its deadline comes, or when ended transfers outnumber active ones.
struct DeadlineQueue {
    typealias Instant = ContinuousClock.Instant

    private struct Entry {
        let deadline: Instant
        let id: UInt64
    }

    /// Invariant: each entry's deadline is no later than those of its children at `2i + 1` and `2i + 2`.
    private var entries: [Entry] = []
    private static let sweepFloor = 1_024

    var next: Instant? { entries.first?.deadline }

    mutating func insert(_ deadline: Instant, id: UInt64) {
        entries.append(Entry(deadline: deadline, id: id))
        siftUp(entries.count - 1)
    }

    /// Removes and returns one transfer whose deadline is not after `now`.
    mutating func popExpired(now: Instant) -> UInt64? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            siftDown(0)
        }
        return first.id
    }

    /// Drops ended transfers once they outnumber active ones, so that the heap is bounded by the active ones.
    mutating func sweep(living: Int, isAlive: (UInt64) -> Bool) {
        guard entries.count > max(DeadlineQueue.sweepFloor, 2 * living) else { return }
        // A sorted array is a heap.
        entries = entries.filter { isAlive($0.id) }.sorted { $0.deadline < $1.deadline }
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].deadline < entries[parent].deadline else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].deadline < entries[least].deadline {
                least = child
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
