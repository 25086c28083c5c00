/// When each scaler is polled next: a priority queue by due time in which every key stands at most once.
///
/// Times are counted from any fixed origin of a clock that does not jump.
struct DueSchedule<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Sendable {
        var due: Duration
        var key: Key
    }

    /// A binary heap, the earliest first.
    private var heap: [Entry] = []
    private var positions: [Key: Int] = [:]

    var count: Int { heap.count }
    var nextDue: Duration? { heap.first?.due }

    func due(of key: Key) -> Duration? { positions[key].map { heap[$0].due } }

    /// Adds the key, or moves it to its new due time.
    mutating func set(_ key: Key, due: Duration) {
        if let position = positions[key] {
            heap[position].due = due
            siftDown(siftUp(position))
        } else {
            heap.append(Entry(due: due, key: key))
            positions[key] = heap.count - 1
            siftUp(heap.count - 1)
        }
    }

    mutating func remove(_ key: Key) {
        guard let position = positions.removeValue(forKey: key) else { return }
        let last = heap.removeLast()
        guard position < heap.count else { return }
        heap[position] = last
        positions[last.key] = position
        siftDown(siftUp(position))
    }

    /// Takes out the earliest key, where it is due by then.
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
        positions[heap[first].key] = first
        positions[heap[second].key] = second
    }
}
