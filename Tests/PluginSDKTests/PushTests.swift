import PluginProtocol
import Synchronization
import Testing
import WireFormats

@testable import PluginSDK

@Suite("Plugins that push", .timeLimit(.minutes(5)))
struct PushTests {
    private static func subscribe(_ id: Int, _ config: String = "{}") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"subscribe","params":"#
            + #"{"type":"test","config":\#(config),"targetType":"Value","deadlineMs":60000}}"#
    }

    private static func unsubscribe(_ id: Int, from subscription: Int) -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"method":"unsubscribe","params":{"subscription":\#(subscription)}}"#
    }

    private func pushed(_ message: PluginMessage) throws -> PushedReading {
        guard case .notification("reading", let params) = message else { throw SessionScript.Unexpected() }
        return try PushedReading(JSONReader(params))
    }

    @Test("the handshake shows whether a plugin pushes")
    func capability() {
        #expect(TickPlugin.identity.capabilities.subscribe)
        #expect(!SilentPlugin.identity.capabilities.subscribe)
    }

    @Test("pushed readings follow the answer to subscribe until the subscription is ended, which ends their task")
    func readings() async throws {
        let plugin = TickPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(Self.subscribe(1, #"{"token":"canary-token"}"#))
            #expect(try await host.receive() == .result(id: 1, [:]))
            plugin.tick(5)
            let first = try pushed(try await host.receive())
            #expect(first.subscription == 1)
            #expect(first.reading.value == 5)
            #expect(first.reading.detail == "seen with ***")
            // A value that is not a number is not a reading.
            plugin.tick(.nan)
            plugin.tick(6)
            #expect(try pushed(try await host.receive()).reading.value == 6)
            host.send(Self.unsubscribe(2, from: 1))
            #expect(try await host.receive() == .result(id: 2, [:]))
            await plugin.ended.wait()
            host.send(Self.unsubscribe(3, from: 1))
            #expect(try await host.receive() == .result(id: 3, [:]))
        }
    }

    @Test("a refused subscription is answered with an error, and a failing sequence ends it, both without secrets")
    func failures() async throws {
        let plugin = TickPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(Self.subscribe(1, #"{"token":"canary-token","refuses":true}"#))
            let error = try #require(try await host.receive().error)
            #expect(error.kind == .cannotSubscribe)
            #expect(error.message == "not with ***")
            host.send(Self.subscribe(2, #"{"token":"canary-token"}"#))
            _ = try await host.receive()
            plugin.fail(PluginError(.sourceUnreachable, "lost with canary-token"))
            guard case .notification("subscription_ended", let params) = try await host.receive() else {
                throw SessionScript.Unexpected()
            }
            #expect(params == ["subscription": 2, "message": "lost with ***"])
        }
    }

    @Test("the end of the input ends a plugin that pushes")
    func endOfInput() async throws {
        let plugin = TickPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(Self.subscribe(1))
            _ = try await host.receive()
            host.endInput()
            try await host.receiveEnd()
        }
    }

    @Test("a plugin that does not push answers subscribe with method not found")
    func unknown() async throws {
        try await withLoop(SilentPlugin()) { host in
            try await host.initialize()
            host.send(Self.subscribe(1))
            #expect(try await host.receive().error?.kind == .methodNotFound)
        }
    }

    @Test("only the newest reading of a subscription is pushed, no sooner than the spacing after the last one")
    func spacing() {
        var outbox = PushOutbox()
        let start = ContinuousClock.now
        outbox.open(1, id: 10)
        outbox.put(MetricReading(1), from: 1, now: start)
        #expect(outbox.takeDue(now: start).map(\.reading.value) == [1])
        for value in 2...9 { outbox.put(MetricReading(Double(value)), from: 1, now: start) }
        #expect(outbox.takeDue(now: start).isEmpty)
        #expect(outbox.nextDue == start + ProtocolLimits.pushSpacing)
        let later = start + ProtocolLimits.pushSpacing
        #expect(outbox.takeDue(now: later).map(\.reading.value) == [9])
        #expect(outbox.nextDue == nil)
        outbox.put(MetricReading(10), from: 1, now: later)
        #expect(outbox.close(1) == 10)
        #expect(outbox.takeDue(now: later + .seconds(1)).isEmpty)
    }

    @Test("all subscriptions together respect the maximum push rate, and no reading is lost")
    func rate() {
        var outbox = PushOutbox()
        let start = ContinuousClock.now
        let count = ProtocolLimits.maxPushesPerSecond + 100
        for number in 0..<count {
            outbox.open(number, id: Int64(number))
            outbox.put(MetricReading(1), from: number, now: start)
        }
        #expect(outbox.takeDue(now: start).count == ProtocolLimits.maxPushesPerSecond)
        #expect(outbox.takeDue(now: start + .milliseconds(500)).isEmpty)
        #expect(outbox.takeDue(now: start + .seconds(1)).count == 100)
    }
}

private struct SilentPlugin: MetricPlugin {
    struct Config: MetricConfig {}

    static let metricType = "test"
    static let description = "Nothing."
    static let version = "1"
    static let defaultTargetType = TargetType.value

    func value(for request: MetricRequest<Config>) async throws -> MetricReading { MetricReading(0) }
}

/// A plugin that pushes values from the test.
private struct TickPlugin: PushMetricPlugin {
    struct Config: MetricConfig {
        @Field("A secret.") var token = Secret("")
        @Field("Whether it refuses.") var refuses = false
    }

    static let metricType = "test"
    static let description = "Ticks."
    static let version = "1"
    static let defaultTargetType = TargetType.value

    let ended = Event()
    private let ticks: AsyncThrowingStream<Double, any Error>
    private let ticker: AsyncThrowingStream<Double, any Error>.Continuation

    init() { (ticks, ticker) = AsyncThrowingStream.makeStream() }

    func tick(_ value: Double) { ticker.yield(value) }
    func fail(_ error: any Error) { ticker.finish(throwing: error) }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading { MetricReading(0) }

    func readings(
        for request: MetricSubscription<Config>
    ) async throws -> AsyncThrowingStream<MetricReading, any Error> {
        let token = request.config.token.reveal()
        guard !request.config.refuses else { throw PluginError(.cannotSubscribe, "not with \(token)") }
        let (readings, continuation) = AsyncThrowingStream<MetricReading, any Error>.makeStream()
        // Ends with the ticks, or with the readings, which cancel it.
        let task = Task { [ticks, ended] in
            do {
                for try await tick in ticks { continuation.yield(MetricReading(tick, detail: "seen with \(token)")) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
            ended.signal()
        }
        continuation.onTermination = { _ in task.cancel() }
        return readings
    }
}
