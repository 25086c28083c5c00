/// A priority queue of ids by deadline, earliest first: a binary heap.
///
/// A cancelled id stays in the heap and is skipped later. The heap removes such ids before they outnumber the live
/// ones, so that its memory is limited by the calls in flight.
package struct DeadlineQueue<Time: Comparable, ID> {
    @usableFromInline struct Entry {
        @usableFromInline let time: Time
        @usableFromInline let id: ID

        @inlinable init(time: Time, id: ID) {
            self.time = time
            self.id = id
        }
    }

    @usableFromInline static var minimumForCompaction: Int { 64 }
    @usableFromInline var heap: [Entry] = []

    package init() {}

    /// The earliest time, which may belong to a cancelled id.
    @inlinable package var first: Time? { heap.first?.time }

    /// - Parameters:
    ///   - live: the number of live ids, including this one.
    ///   - isLive: whether an id is live.
    @inlinable package mutating func insert(_ id: ID, at time: Time, live: Int, isLive: (ID) -> Bool) {
        if heap.count >= Self.minimumForCompaction, heap.count >= 2 * live { compact(isLive) }
        heap.append(Entry(time: time, id: id))
        siftUp(heap.count - 1)
    }

    /// Removes and returns the earliest id whose time has come.
    @inlinable package mutating func popDue(_ now: Time) -> ID? {
        guard let first = heap.first, first.time <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        return first.id
    }

    @inlinable mutating func compact(_ isLive: (ID) -> Bool) {
        heap.removeAll { !isLive($0.id) }
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    @inlinable mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0 {
            let parent = (index - 1) / 2
            guard heap[index].time < heap[parent].time else { return }
            heap.swapAt(index, parent)
            index = parent
        }
    }

    @inlinable mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var earliest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].time < heap[earliest].time {
                earliest = child
            }
            guard earliest != index else { return }
            heap.swapAt(index, earliest)
            index = earliest
        }
    }
}

extension DeadlineQueue.Entry: Sendable where Time: Sendable, ID: Sendable {}
extension DeadlineQueue: Sendable where Time: Sendable, ID: Sendable {}
