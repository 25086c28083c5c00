/// The time of each scaler's next poll: a priority queue by due time in which every key occurs at most once.
///
/// Times are relative to a fixed origin of a clock that does not jump.
struct DueSchedule<Key: Hashable>: ~Copyable {
    /// Stores its position, so that moving an entry needs no hashing.
    private final class Entry {
        let key: Key
        var due: Duration
        var position: Int

        init(key: Key, due: Duration, position: Int) {
            self.key = key
            self.due = due
            self.position = position
        }
    }

    /// A binary heap, the earliest first.
    private var heap: [Entry] = []
    private var entries: [Key: Entry] = [:]

    var count: Int { heap.count }
    var nextDue: Duration? { heap.first?.due }

    func due(of key: Key) -> Duration? { entries[key]?.due }

    /// Adds the key, or moves it to its new due time.
    mutating func set(_ key: Key, due: Duration) {
        if let entry = entries[key] {
            entry.due = due
            siftDown(siftUp(entry.position))
        } else {
            let entry = Entry(key: key, due: due, position: heap.count)
            heap.append(entry)
            entries[key] = entry
            siftUp(entry.position)
        }
    }

    mutating func remove(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        let last = heap.removeLast()
        guard entry.position < heap.count else { return }
        heap[entry.position] = last
        last.position = entry.position
        siftDown(siftUp(entry.position))
    }

    /// Removes and returns the earliest key, if it is due.
    mutating func popDue(by now: Duration) -> Key? {
        guard let first = heap.first, first.due <= now else { return nil }
        remove(first.key)
        return first.key
    }

    @discardableResult
    private mutating func siftUp(_ start: Int) -> Int {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard heap[position].due < heap[parent].due else { break }
            swap(position, parent)
            position = parent
        }
        return position
    }

    private mutating func siftDown(_ start: Int) {
        var position = start
        while true {
            var smallest = position
            for child in [2 * position + 1, 2 * position + 2]
            where child < heap.count && heap[child].due < heap[smallest].due {
                smallest = child
            }
            guard smallest != position else { return }
            swap(position, smallest)
            position = smallest
        }
    }

    private mutating func swap(_ first: Int, _ second: Int) {
        heap.swapAt(first, second)
        heap[first].position = first
        heap[second].position = second
    }
}
