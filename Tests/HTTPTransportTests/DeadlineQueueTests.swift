import Testing

@testable import HTTPTransport

struct DeadlineQueueTests {
    private let start = ContinuousClock.now

    private func drain(_ queue: inout DeadlineQueue, now: ContinuousClock.Instant) -> [UInt64] {
        Array(sequence(state: queue) { $0.popExpired(now: now) })
    }

    @Test("deadlines come in order, and none before its time")
    func order() {
        var queue = DeadlineQueue()
        #expect(queue.next == nil)
        var generator = SystemRandomNumberGenerator()
        for id in (0..<500).shuffled(using: &generator) {
            queue.insert(start + .seconds(id), id: UInt64(id))
        }
        #expect(queue.next == start)
        #expect(drain(&queue, now: start + .seconds(-1)).isEmpty)
        #expect(drain(&queue, now: start + .seconds(99)) == Array(0..<100))
        #expect(drain(&queue, now: start + .seconds(1_000)) == Array(0..<500))
    }

    @Test("a sweep drops ended transfers and keeps the order of active ones")
    func sweep() {
        var queue = DeadlineQueue()
        for id in (0..<3_000).reversed() {
            queue.insert(start + .seconds(id), id: UInt64(id))
        }
        queue.sweep(living: 3) { $0 % 1_000 == 7 }
        #expect(drain(&queue, now: start + .seconds(9_999)) == [7, 1_007, 2_007])
    }
}
