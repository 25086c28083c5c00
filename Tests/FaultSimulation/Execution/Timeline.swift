/// Simulated time in whole microseconds since the start of the environment, and its scheduled events.
///
/// Not thread-safe and sent to other tasks nevertheless: all code of the simulation runs on one thread, see
/// ``JobQueue``.
final class Timeline: @unchecked Sendable {
    typealias Event = Int

    private struct Entry {
        let time: Int64
        /// A random number that determines the order of events at the same time.
        let order: UInt64
        let event: Event

        static func < (left: Entry, right: Entry) -> Bool { (left.time, left.order) < (right.time, right.order) }
    }

    private(set) var now: Int64 = 0
    private var heap: [Entry] = []
    private var actions: [Event: () -> Void] = [:]
    private var lastEvent = 0
    private let random: RandomSource

    init(random: RandomSource) {
        self.random = random
    }

    /// Returns the microseconds rounded up, so that a sleep does not end early.
    static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + (attoseconds + 999_999_999_999) / 1_000_000_000_000
    }

    @discardableResult
    func after(_ delay: Duration, _ act: @escaping () -> Void) -> Event {
        at(now + max(0, Self.microseconds(delay)), act)
    }

    @discardableResult
    func at(_ time: Int64, _ act: @escaping () -> Void) -> Event {
        lastEvent += 1
        actions[lastEvent] = act
        heap.append(Entry(time: max(time, now), order: random.next(), event: lastEvent))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
        return lastEvent
    }

    func cancel(_ event: Event) { actions[event] = nil }

    /// The time of the next event; nil if there is none.
    var next: Int64? {
        while let first = heap.first {
            if actions[first.event] != nil { return first.time }
            removeFirst()
        }
        return nil
    }

    /// Advances time to the next event and runs it.
    func step() {
        guard let time = next, let action = actions.removeValue(forKey: heap[0].event) else { return }
        now = time
        removeFirst()
        action()
    }

    /// Removes all scheduled events.
    func removeAll() {
        heap = []
        actions = [:]
    }

    /// Advances time to a moment before the next event.
    func skip(to time: Int64) {
        precondition(time >= now && time <= next ?? .max, "time would skip an event")
        now = time
    }

    private func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
