import SourceSupport
import Synchronization
import Testing

@Suite("shared transfers", .timeLimit(.minutes(1)))
struct SharedTransferTests {
    /// Holds a transfer until the test lets it end.
    private final class Gate: Sendable {
        let stream: AsyncStream<Int>
        let result: AsyncStream<Int>.Continuation
        let count = Mutex(0)

        init() { (stream, result) = AsyncStream.makeStream() }

        func transfer() async -> Int {
            count.withLock { $0 += 1 }
            for await value in stream { return value }
            return -1
        }
    }

    private func waitUntil(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test("calls with the same key share one transfer, and calls with another key make their own")
    func sharing() async {
        let transfers = SharedTransfers<String, Int>()
        let gate = Gate()
        let calls = (0..<5).map { _ in
            Task {
                await transfers.value(for: "a", isFinal: { _ in true }, cancelled: -2, transfer: gate.transfer)
            }
        }
        await waitUntil { gate.count.withLock(\.self) == 1 }
        let other = await transfers.value(for: "b", isFinal: { _ in true }, cancelled: -2, transfer: { 9 })
        #expect(other == 9)
        gate.result.yield(7)
        gate.result.finish()
        var values: [Int] = []
        for call in calls { values.append(await call.value) }
        // A call that came only after the end of the first made another transfer, which ended at once.
        #expect(values.contains(7) && values.allSatisfy { $0 == 7 || $0 == -1 })
    }

    @Test("a cancelled call returns without waiting, and the others still get the value")
    func cancelledWaiter() async {
        let transfers = SharedTransfers<String, Int>()
        let gate = Gate()
        let first = Task {
            await transfers.value(for: "a", isFinal: { _ in true }, cancelled: -2, transfer: gate.transfer)
        }
        await waitUntil { gate.count.withLock(\.self) == 1 }
        let second = Task {
            await transfers.value(for: "a", isFinal: { _ in true }, cancelled: -2, transfer: gate.transfer)
        }
        second.cancel()
        #expect(await second.value == -2)
        gate.result.yield(3)
        #expect(await first.value == 3)
        #expect(gate.count.withLock(\.self) == 1)
    }

    @Test("a waiting call repeats the transfer if the call that made it ends without a value for all")
    func abandoned() async {
        let transfers = SharedTransfers<String, Int>()
        let gate = Gate()
        let first = Task {
            await transfers.value(for: "a", isFinal: { $0 >= 0 }, cancelled: -2, transfer: gate.transfer)
        }
        await waitUntil { gate.count.withLock(\.self) == 1 }
        let second = Task { await transfers.value(for: "a", isFinal: { $0 >= 0 }, cancelled: -2, transfer: { 5 }) }
        gate.result.yield(-9)
        #expect(await first.value == -9)
        #expect(await second.value == 5)
    }
}
