import Synchronization
import SystemIO
import Testing

@Suite("async primitives", .timeLimit(.minutes(1)))
struct AsyncPrimitiveTests {
    private final class Counter: Sendable {
        struct Counts: Sendable {
            var inside = 0
            var most = 0
            var total = 0
        }

        let counts = Mutex(Counts())

        func enter() {
            counts.withLock { counts in
                counts.inside += 1
                counts.most = max(counts.most, counts.inside)
                counts.total += 1
            }
        }

        func leave() { counts.withLock { $0.inside -= 1 } }
    }

    @Test("a semaphore admits no more tasks than it has permits, and eventually all of them")
    func permits() async throws {
        let permits = AsyncSemaphore(3)
        let counter = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<57 {
                group.addTask {
                    try await permits.withPermit {
                        counter.enter()
                        await Task.yield()
                        counter.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        let counts = counter.counts.withLock(\.self)
        #expect(counts.most <= 3)
        #expect(counts.total == 57)
        #expect(counts.inside == 0)
    }

    @Test("a task that is cancelled while it waits for a permit leaves the permit to the next one")
    func cancelledWait() async throws {
        let permits = AsyncSemaphore(1)
        try await permits.withPermit {
            let cancelled = Task { try await permits.withPermit {} }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
        }
        #expect(try await permits.withPermit { 7 } == 7)
    }

    @Test("every task that waits for a promise value gets the first result")
    func promise() async throws {
        let promise = AsyncPromise<Int>()
        let waiters = (0..<5).map { _ in Task { try await promise.value } }
        promise.fulfill(.success(41))
        promise.fulfill(.success(42))
        for waiter in waiters { #expect(try await waiter.value == 41) }
        #expect(try await promise.value == 41)
    }

    @Test("a task that is cancelled stops waiting for a promise value, and other tasks continue")
    func cancelledPromise() async throws {
        let promise = AsyncPromise<Int>()
        let (cancelled, other) = (Task { try await promise.value }, Task { try await promise.value })
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        promise.fulfill(.success(3))
        #expect(try await other.value == 3)
    }

    @Test("a latch lets waiting tasks and later ones pass once it is open")
    func latch() async {
        let latch = AsyncLatch()
        #expect(!latch.isOpen)
        let waiter = Task { await latch.wait() }
        latch.open()
        await waiter.value
        await latch.wait()
        #expect(latch.isOpen)
    }

    @Test("a signal before a wait ends that wait, and only that one")
    func signal() async {
        let signal = AsyncSignal()
        signal.signal()
        signal.signal()
        await signal.wait()
        let second = Task { await signal.wait() }
        while !signal.isWaiting { await Task.yield() }
        signal.signal()
        await second.value
        #expect(!signal.isWaiting)
    }
}
