import KubernetesClient
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
        return (SharedReadings(source: source, time: time, metrics: OperatorCounters()), source)
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

    // MARK: References

    private static func query(
        _ value: String, secret: String = "redis", namespace: String = "shop"
    ) -> ReadingQuery {
        let template = ConfigTemplate(
            ["password": ["valueFrom": ["secretKeyRef": ["name": .string(secret), "key": "k"]]]], path: "c")
        let text = SecretString(value)
        let values = Dictionary(uniqueKeysWithValues: template.places.map { ($0.reference, text) })
        return ReadingQuery(
            type: "test", template: template, config: template.filled(values), targetType: .value, namespace: namespace)
    }

    @Test("queries are equal by the references in their configs and the namespace, not by the values")
    func identity() {
        let query = Self.query("old")
        #expect(query.config.json == ["password": "old"])
        #expect(query.identity == Self.query("new").identity)
        #expect(query.identity != Self.query("old", secret: "other").identity)
        #expect(query.identity != Self.query("old", namespace: "other").identity)
        let plain = ReadingQuery(type: "test", config: PluginConfig(["password": "old"]), targetType: .value)
        #expect(query.identity != plain.identity)
        // A token in the administrator's defaults is the same in every namespace.
        let template = ConfigTemplate(
            ["token": ["valueFrom": ["serviceAccountToken": ["serviceAccountName": "plugin"]]]], path: "c",
            inherited: ["token"])
        let identities = ["shop", "other"].map { namespace in
            ReadingQuery(
                type: "test", template: template, config: PluginConfig([:]), targetType: .value, namespace: namespace
            ).identity
        }
        #expect(identities[0] == identities[1])
    }

    @Test("a renewed value neither splits a reading nor subscribes again, and the next call uses it")
    func renewal() async throws {
        let seen = Mutex<[String]>([])
        let (readings, source) = make { config in
            seen.withLock { $0.append(config["password"]?.stringValue ?? "") }
            return 7.5
        }
        source.canPush()
        let terms = SharedReadings.Terms(interval: .seconds(10), timeout: .seconds(1))
        readings.subscribe(user("a"), to: Self.query("old"), terms: terms)
        readings.subscribe(user("b"), to: Self.query("old"), terms: terms)
        _ = await readings.outcome(of: Self.query("old"))
        // The second scaler gets to know of the new value at its next poll.
        readings.subscribe(user("a"), to: Self.query("new"), terms: terms)
        #expect(try await readings.outcome(of: Self.query("new")).get().value == 7.5)
        #expect(readings.count == 1 && source.subscriptionsMade == 1 && source.subscriptionCount == 1)
        #expect(source.subscribedConfigs == [["password": "new"]])
        #expect(seen.withLock(\.self) == ["old"])
        clock.advance(by: .seconds(10))
        _ = await readings.outcome(of: Self.query("new"))
        #expect(seen.withLock(\.self) == ["old", "new"])
        readings.unsubscribe(user("a"), from: Self.query("new"))
        readings.unsubscribe(user("b"), from: Self.query("old"))
        #expect(readings.count == 0 && source.subscriptionCount == 0)
    }

    @Test("a source that refused a value is read again as soon as there is another one, also if a call is in flight")
    func refusedValue() async throws {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (released, release) = AsyncStream<Void>.makeStream()
        let isHeld = Mutex(false)
        let (readings, source) = make { config throws(PluginFailure) in
            if isHeld.withLock(\.self), config["password"] == "old" {
                start.yield()
                for await _ in released { break }
            }
            guard config["password"] == "new" else {
                throw PluginFailure(.answered(PluginError(.authFailed, "no")), plugin: "test", "no")
            }
            return 7.5
        }
        source.canPush()
        let terms = SharedReadings.Terms(interval: .seconds(10), timeout: .seconds(1))
        readings.subscribe(user("a"), to: Self.query("old"), terms: terms)
        #expect(await readings.outcome(of: Self.query("old")).isAuthFailure)
        #expect(await readings.outcome(of: Self.query("old")).isAuthFailure)
        #expect(source.reads == 1)
        #expect(try await readings.outcome(of: Self.query("new")).get().value == 7.5)
        #expect(source.reads == 2)
        // A call with the old value fails while another scaler waits with the new one.
        isHeld.withLock { $0 = true }
        clock.advance(by: .seconds(10))
        let first = Task { await readings.outcome(of: Self.query("old")) }
        for await _ in started { break }
        let second = Task { await readings.outcome(of: Self.query("new")) }
        while source.subscribedConfigs != [["password": "new"]] { await Task.yield() }
        release.yield()
        #expect(try await second.value.get().value == 7.5)
        #expect(try await first.value.get().value == 7.5)
        #expect(source.reads == 4)
    }
}
