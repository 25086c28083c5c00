import PluginHost
import PluginProtocol
import Scaling
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import Operator
@testable import ScalerAPI

@Suite("Shared readings", .timeLimit(.minutes(5)))
struct SharedReadingsTests {
    private let clock = ManualClock()
    private let query = ReadingQuery(type: "test", config: PluginConfig(["a": 1]), targetType: .value)

    private func user(_ name: String) -> ObjectIdentity { ObjectIdentity(namespace: "shop", name: name, uid: name) }

    private func make(_ answer: @escaping ScriptedSource.Answer) -> (SharedReadings, ScriptedSource) {
        let clock = clock
        let source = ScriptedSource(now: clock.wallMicroseconds)
        source.answer("test", answer)
        let time = clock.time
        return (SharedReadings(source: source, time: time, metrics: OperatorMetrics()), source)
    }

    @Test("concurrent callers share one call, and a caller soon after gets the same answer")
    func shared() async throws {
        let calls = Mutex(0)
        let (started, start) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        let (readings, source) = make { _ in
            start.yield()
            for await _ in released { break }
            return calls.withLock { calls in
                calls += 1
                return Double(calls)
            }
        }
        readings.subscribe(user("a"), to: query, terms: .init(interval: .seconds(10), timeout: .seconds(1)))
        let outcomes = await withTaskGroup(of: ReadingOutcome.self) { group in
            for _ in 0..<5 { group.addTask { await readings.outcome(of: query) } }
            for await _ in started { break }
            release.yield()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.allSatisfy { (try? $0.get().value) == 1 })
        clock.advance(by: .seconds(8))
        #expect(try await readings.outcome(of: query).get().value == 1)
        #expect(source.reads == 1)
        clock.advance(by: .seconds(2))
        release.yield()
        #expect(try await readings.outcome(of: query).get().value == 2)
    }

    @Test("a failure is shared like a value, and the source is read again at the next interval")
    func failure() async throws {
        let (readings, source) = make { _ throws(PluginFailure) in
            throw PluginFailure(.crashed, plugin: "test", "it crashed")
        }
        readings.subscribe(user("a"), to: query, terms: .init(interval: .seconds(10), timeout: .seconds(1)))
        for _ in 0..<3 {
            let outcome = await readings.outcome(of: query)
            #expect(throws: PluginFailure.self) { try outcome.get() }
        }
        #expect(source.reads == 1)
        clock.advance(by: .seconds(10))
        _ = await readings.outcome(of: query)
        #expect(source.reads == 2)
    }

    /// How many times the source is asked in so many seconds of polling every 5 s.
    private func reads(failing error: PluginError, seconds: Int) async -> Int {
        let (readings, source) = make { _ throws(PluginFailure) in
            throw PluginFailure(
                .answered(error), plugin: "test", "no", retryAfter: error.retryAfterMs.map { .milliseconds($0) })
        }
        readings.subscribe(user("a"), to: query, terms: .init(interval: .seconds(5), timeout: .seconds(1)))
        for _ in 0..<(seconds / 5) {
            _ = await readings.outcome(of: query)
            clock.advance(by: .seconds(5))
        }
        return source.reads
    }

    @Test("a source with an error that is not retryable is read with backoff, up to once a minute")
    func refusal() async {
        // At 0, 10, 30, 70 s and every 60 s from there on.
        #expect(await reads(failing: PluginError(.notFound, "no such queue"), seconds: 305) == 7)
    }

    @Test("a source with a retryable error is read at every poll")
    func retryable() async {
        #expect(await reads(failing: PluginError(.sourceUnreachable, "no such host"), seconds: 305) == 61)
    }

    @Test("a source is not read before its retryAfterMs, limited to five minutes")
    func rateLimited() async {
        #expect(await reads(failing: PluginError(.rateLimited, "slow down", retryAfterMs: 32_007), seconds: 305) == 9)
        #expect(
            await reads(failing: PluginError(.rateLimited, "slow down", retryAfterMs: 9_000_000), seconds: 305) == 2)
    }

    @Test("a source that has recovered is read at every poll again")
    func recovery() async {
        let isFound = Mutex(false)
        let (readings, source) = make { _ throws(PluginFailure) in
            guard isFound.withLock(\.self) else {
                throw PluginFailure(.answered(PluginError(.notFound, "no such queue")), plugin: "test", "no")
            }
            return 7.25
        }
        readings.subscribe(user("a"), to: query, terms: .init(interval: .seconds(5), timeout: .seconds(1)))
        _ = await readings.outcome(of: query)
        isFound.withLock { $0 = true }
        clock.advance(by: .seconds(5))
        #expect(await readings.outcome(of: query).failure != nil)
        clock.advance(by: .seconds(5))
        #expect(await readings.outcome(of: query).failure == nil)
        clock.advance(by: .seconds(5))
        _ = await readings.outcome(of: query)
        #expect(source.reads == 3)
    }

    @Test("a cancelled waiter stops waiting immediately, and a reading without subscribers is dropped")
    func cancellation() async throws {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        let (readings, _) = make { _ in
            start.yield()
            for await _ in released { break }
            return 7
        }
        readings.subscribe(user("a"), to: query, terms: .init(interval: .seconds(10), timeout: .seconds(1)))
        let waiting = Task { await readings.outcome(of: query) }
        for await _ in started { break }
        waiting.cancel()
        let outcome = await waiting.value
        #expect(throws: PluginFailure.self) { try outcome.get() }
        let second = Task { await readings.outcome(of: query) }
        release.yield()
        #expect(try await second.value.get().value == 7)
        readings.unsubscribe(user("a"), from: query)
        #expect(readings.count == 0)
    }
}
