import SystemIO
import Testing

@Suite("DeadlineQueue")
struct DeadlineQueueTests {
    @Test("the deadline queue frees the memory of calls that ended early")
    func deadlineQueueIsBounded() {
        var queue = DeadlineQueue<Duration, Int64>()
        for id in Int64(0)..<100_000 {
            queue.insert(id, at: .seconds(id + 10), live: 2) { $0 >= id - 1 }
        }
        var left = 0
        while queue.popDue(.seconds(1_000_000)) != nil { left += 1 }
        #expect(left <= 130)
    }

    @Test("the deadline queue returns ids in the order of their times")
    func deadlineQueueOrder() {
        var queue = DeadlineQueue<Duration, Int64>()
        var generator = SystemRandomNumberGenerator()
        let times = (0..<500).map { _ in Int64.random(in: 0..<1_000, using: &generator) }
        for time in times { queue.insert(time, at: .seconds(time), live: 500) { _ in true } }
        #expect(queue.first == .seconds(times.min() ?? 0))
        var popped: [Int64] = []
        while let id = queue.popDue(.seconds(1_000)) { popped.append(id) }
        #expect(popped == times.sorted())
    }

    @Test("an ID that is not yet due stays in the deadline queue")
    func notYetDue() {
        var queue = DeadlineQueue<ContinuousClock.Instant, UInt64>()
        let start = ContinuousClock.now
        #expect(queue.first == nil)
        for id in (0..<500 as Range<UInt64>).reversed() {
            queue.insert(id, at: start + .seconds(Int(id)), live: 500) { _ in true }
        }
        #expect(queue.first == start)
        #expect(queue.popDue(start - .microseconds(1)) == nil)
        #expect(Array(sequence(state: queue) { $0.popDue(start + .microseconds(99_000_001)) }) == Array(0..<100))
    }

    @Test("compaction of the deadline queue keeps every live ID, in the order of their times")
    func compaction() {
        var queue = DeadlineQueue<Duration, Int64>()
        for id in (0..<3_000 as Range<Int64>).reversed() {
            queue.insert(id, at: .seconds(id), live: 3) { $0 % 1_000 == 7 || $0 == id }
        }
        let left = Array(sequence(state: queue) { $0.popDue(.seconds(9_999)) })
        #expect(left.filter { $0 % 1_000 == 7 } == [7, 1_007, 2_007])
        #expect(left == left.sorted() && left.count <= 64 + 3)
    }
}
