import Glibc
import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Pushed readings", .timeLimit(.minutes(5)))
struct PushTests {
    // MARK: One process

    private static func reading(_ subscription: Int64, _ value: JSON) -> JSON {
        [
            "jsonrpc": "2.0", "method": "reading",
            "params": [
                "subscription": .integer(subscription), "value": value, "observedAt": "2026-01-01T00:00:00Z",
            ],
        ]
    }

    /// Returns a conversation with an accepted subscription, and its id.
    private func subscribed() -> (Conversation, Int64) {
        var conversation = Conversation(PluginCapabilities(subscribe: true))
        let id = conversation.subscribe()
        let actions = conversation.receive(line: ["jsonrpc": "2.0", "id": .integer(id), "result": [:]])
        #expect(actions == [.complete(id, .success(.subscribed(id)))])
        return (conversation, id)
    }

    @Test(
        "the first pushed reading is passed on immediately, and the newest of those that follow closely after a delay")
    func coalesced() {
        var (plugin, id) = subscribed()
        #expect(plugin.receive(line: Self.reading(id, 1)).pushed == [[id: 1]])
        for value: Int64 in 2...9 { #expect(plugin.receive(line: Self.reading(id, .integer(value))).pushed == []) }
        #expect(plugin.connection.nextWake == ProtocolLimits.pushSpacing)
        #expect(plugin.advance(ProtocolLimits.pushSpacing).pushed == [[id: 9]])
        // The deadline of the call that ended long ago.
        #expect(plugin.connection.nextWake == .seconds(10))
        #expect(plugin.connection.counters.pushes == PushCounters(passedOn: 2, coalesced: 7))
    }

    @Test("a reading in the same write as the answer to subscribe is passed on")
    func atOnce() {
        var plugin = Conversation(PluginCapabilities(subscribe: true))
        let id = plugin.subscribe()
        let actions = plugin.receive("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":{}}\n\(Self.reading(id, 4))\n")
        #expect(actions.pushed == [[id: 4]])
    }

    @Test("unknown, invalid and excess pushed readings are dropped and counted without ending the plugin")
    func dropped() {
        var (plugin, id) = subscribed()
        #expect(plugin.receive(line: Self.reading(id + 7, 1)).pushed == [])
        #expect(plugin.receive(line: Self.reading(id, "many")).pushed == [])
        #expect(plugin.receive(line: ["jsonrpc": "2.0", "method": "reading", "params": [:]]).pushed == [])
        #expect(plugin.connection.counters.pushes == PushCounters(unknown: 1, invalid: 2))
        let flood = String(repeating: "\(Self.reading(id, 5))\n", count: PluginHostLimits.maxPushesPerSecond + 10)
        #expect(plugin.receive(flood).pushed == [[id: 5]])
        #expect(plugin.connection.counters.pushes.excess == 11)
        _ = plugin.advance(.seconds(1))
        #expect(plugin.receive(line: Self.reading(id, 6)).pushed == [[id: 6]])
    }

    @Test("a reading that arrives after the end of its subscription is dropped, whichever side ended it")
    func ended() {
        var (plugin, id) = subscribed()
        let request = plugin.connection.unsubscribe(id, now: plugin.now)
        #expect(request.written.first?["params"] == ["subscription": .integer(id)])
        #expect(plugin.receive(line: Self.reading(id, 1)).pushed == [[id: 1]])
        _ = plugin.receive(line: ["jsonrpc": "2.0", "id": .integer(id + 1), "result": [:]])
        _ = plugin.advance(.seconds(1))
        #expect(plugin.receive(line: Self.reading(id, 2)).pushed == [])
        #expect(plugin.connection.subscriptions == 0)

        (plugin, id) = subscribed()
        let end: JSON = ["subscription": .integer(id), "message": "gone"]
        let actions = plugin.receive(line: ["jsonrpc": "2.0", "method": "subscription_ended", "params": end])
        #expect(actions == [.subscriptionEnded(SubscriptionEnd(subscription: id, message: "gone"))])
        #expect(plugin.receive(line: Self.reading(id, 2)).pushed == [])
        #expect(plugin.connection.counters.pushes.unknown == 1)
    }

    @Test("a subscription that the plugin confirms after the deadline is ended again")
    func late() {
        var plugin = Conversation(PluginCapabilities(subscribe: true))
        let id = plugin.subscribe()
        #expect(plugin.advance(.seconds(10)).failures[id]?.kind == .deadlineExceeded)
        let actions = plugin.receive(line: ["jsonrpc": "2.0", "id": .integer(id), "result": [:]])
        #expect(actions.written.first?["method"] == "unsubscribe")
    }

    // MARK: What is wanted

    private static func pushed(_ subscription: Int64) -> PushedReading {
        PushedReading(subscription: subscription, reading: MetricReading(value: 1, observedAtMicroseconds: 0))
    }

    private static func subscription(_ config: JSON = [:]) -> SubscriptionTable.SubscriptionRequest {
        SubscriptionTable.SubscriptionRequest(type: "t", config: PluginConfig(config), targetType: .value) { _ in }
    }

    @Test("subscription requests outlive the process: the next process gets each again, a few at a time")
    func table() throws {
        var table = SubscriptionTable()
        for id in 1...6 { table.add(Int64(id), Self.subscription(), now: .zero) }
        #expect(table.nextRequest(now: .zero) == nil)
        for run in 0..<2 {
            table.begin(now: .zero)
            var requests: [SubscriptionTable.Request] = []
            while let request = table.nextRequest(now: .zero) { requests.append(request) }
            #expect(requests.count == PluginHostLimits.maxSubscribing)
            for (index, request) in requests.enumerated() {
                #expect(table.agreed(request, to: Int64(100 * run + index), now: .zero) == .nothing)
            }
            #expect(table.take(Self.pushed(Int64(100 * run))) != nil)
            // From the previous process.
            #expect(run == 0 || table.take(Self.pushed(0)) == nil)
        }
        #expect(table.remove(1) == 100)
        let next = table.nextRequest(now: .zero)
        let request = try #require(next)
        #expect(table.remove(request.id) == nil)
        #expect(table.agreed(request, to: 200, now: .zero) == .unwanted)
    }

    @Test("readings and the end of a subscription that arrive before its answer are not lost")
    func early() throws {
        var table = SubscriptionTable()
        for id in 1...2 { table.add(Int64(id), Self.subscription(), now: .zero) }
        table.begin(now: .zero)
        let (first, second) = (table.nextRequest(now: .zero), table.nextRequest(now: .zero))
        #expect(table.take(Self.pushed(7)) == nil)
        #expect(table.agreed(try #require(first), to: 7, now: .zero) == .delivers(Self.pushed(7).reading))
        table.ended(8, now: .zero)
        #expect(table.agreed(try #require(second), to: 8, now: .zero) == .nothing)
        #expect(table.take(Self.pushed(8)) == nil)
        #expect(table.nextWake == PluginHostLimits.firstSubscribeDelay)
    }

    @Test("a renewed secret is used by the next subscribe, and another config is subscribed to at once")
    func renewal() throws {
        var table = SubscriptionTable()
        table.add(1, Self.subscription(["token": "a"]), now: .zero)
        table.begin(now: .zero)
        func next() throws -> SubscriptionTable.Request {
            let next = table.nextRequest(now: .seconds(9))
            return try #require(next)
        }
        let first = try next()
        #expect(table.agreed(first, to: 7, now: .zero) == .nothing)
        #expect(
            table.renew(1, Self.subscription(["token": "b"]), isRenewal: { $0.json == ["token": "a"] }, now: .zero)
                == nil)
        #expect(table.take(Self.pushed(7)) != nil && table.nextRequest(now: .zero) == nil)
        table.ended(7, now: .zero)
        let second = try next()
        #expect(second.subscription.config.json == ["token": "b"])
        // Another config while that request is in flight: its answer is not for the new one.
        #expect(table.renew(1, Self.subscription(["queue": "c"]), isRenewal: { _ in false }, now: .zero) == nil)
        #expect(table.agreed(second, to: 8, now: .zero) == .unwanted)
        let third = try next()
        #expect(third.subscription.config.json == ["queue": "c"])
        #expect(table.agreed(third, to: 9, now: .zero) == .nothing)
        #expect(table.renew(1, Self.subscription(["queue": "d"]), isRenewal: { _ in false }, now: .zero) == 9)
        #expect(table.take(Self.pushed(9)) == nil)
        let fourth = try next()
        table.failed(fourth, canSucceedSoon: true, now: .zero)
        #expect(table.nextWake == PluginHostLimits.firstSubscribeDelay)
    }

    @Test(
        "a config is renewed if it differs in secrets alone, and not in an address or in anything else",
        arguments: [
            (["password": "b"], true), (["password": .null], true), (["nested": ["key": "b"]], true),
            (["all": ["x", "b"]], true), (["all": ["x"]], false), (["url": "redis://:b@other"], false),
            (["list": "b"], false), (["nested": ["key": "b", "name": "b"]], false), (["nested": "b"], false),
        ] as [([String: JSON], Bool)])
    func renewals(change: [String: JSON], isRenewal: Bool) {
        let secret: JSON = ["type": "string", "x-secret": true]
        let marks = MetricMarks(
            MetricTypeDescription(
                type: "t", description: "",
                configSchema: [
                    "properties": [
                        "password": secret, "url": ["x-secret": true, "x-address": true], "list": [:],
                        "nested": ["properties": ["key": secret, "name": [:]]], "all": ["items": secret],
                    ]
                ], defaultTargetType: .value))
        let old: [String: JSON] = [
            "password": "a", "url": "redis://:a@here", "list": "a", "nested": ["key": "a", "name": "a"],
            "all": ["x", "a"],
        ]
        var change = change
        if change["nested"] == ["key": "b"] { change["nested"] = ["key": "b", "name": "a"] }
        let new = old.merging(change) { $1 }.filter { !$0.value.isNull }
        #expect(marks.isRenewal(of: .object(old), by: .object(new)) == isRenewal)
        #expect(marks.isRenewal(of: .object(old), by: .object(old)))
    }

    @Test("a rejected subscription is retried with backoff, and an impossible one at the maximum delay")
    func retries() throws {
        var table = SubscriptionTable()
        table.add(1, Self.subscription(), now: .zero)
        table.begin(now: .zero)
        var now = Duration.zero
        for delay in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            let next = table.nextRequest(now: now)
            let request = try #require(next)
            table.failed(request, canSucceedSoon: true, now: now)
            #expect(table.nextWake == now + .seconds(delay))
            #expect(table.nextRequest(now: now) == nil)
            now += .seconds(delay)
        }
        table.begin(now: now)
        let next = table.nextRequest(now: now)
        let request = try #require(next)
        table.failed(request, canSucceedSoon: false, now: now)
        #expect(table.nextWake == now + PluginHostLimits.maxSubscribeDelay)
    }

    // MARK: Real processes

    /// A plugin that pushes its version, or the config's `value`, after a subscription, and refuses a config without a
    /// value.
    private func script(_ version: Int = 0) -> PluginScript {
        PluginScript(
            types: ["depth"], capabilities: #"{"maxInFlight": 4, "subscribe": True}"#,
            body: PluginScript.wellBehaved + """

                    elif m["method"] == "subscribe":
                        if "value" not in m["params"]["config"]: fail(m, 1010, "cannot with " + str(m["params"]["config"]))
                        else:
                            ok(m, {})
                            value = reading(m["params"]["config"]["value"] + \(version)) | {"detail": str(m["params"]["config"])}
                            send({"jsonrpc": "2.0", "method": "reading", "params": {"subscription": m["id"]} | value})
                    elif m["method"] == "unsubscribe":
                        ok(m, {})
                        sys.stderr.write("unsubscribed\\n")
                        sys.stderr.flush()
                """)
    }

    @Test("a subscription is renewed after a crash and by a new version, and ends with its last subscriber")
    func lasting() async throws {
        let clock = ManualClock()
        try await HostFixture.run(["depth": script()], clock: clock) { fixture async throws in
            let (readings, continuation) = AsyncStream.makeStream(of: MetricReading.self)
            var pushed = readings.makeAsyncIterator()
            let config = PluginConfig(["value": 40, "password": "hunter2-hunter2"])
            let subscription = try #require(
                fixture.host.subscribe(type: "depth", config: config, targetType: .value) { continuation.yield($0) })
            let first = await pushed.next(isolation: #isolation)
            #expect(first?.value == 40)
            #expect(first?.detail?.contains("***") == true)
            #expect(first?.detail?.contains("hunter2") == false)

            kill(try await fixture.process(), SIGKILL)
            await fixture.log.wait { $0.metadata["restartIn"] != nil }
            // The sweep for orphans, the file check, and the restart delay.
            try await clock.sleepers(atLeast: 3)
            clock.advance(by: PluginHostLimits.maxRestartDelay)
            let second = await pushed.next(isolation: #isolation)
            #expect(second?.value == 40)

            let directory = TemporaryDirectory(existing: fixture.directory)
            try directory.write(script(1).text, to: "new", executable: true)
            try directory.rename("new", to: "generalscaler-plugin-depth")
            for _ in 0..<2 { await fixture.host.programs.check() }
            let third = await pushed.next(isolation: #isolation)
            #expect(third?.value == 41)

            subscription.cancel()
            await fixture.log.wait { $0.metadata["line"] == "unsubscribed" }
            // Answered afterwards, because the plugin processes calls in order.
            let reading = try await fixture.host.read(
                type: "depth", config: config, targetType: .value, timeout: .seconds(100_000))
            #expect(reading.value == 40)
            #expect(try await fixture.health().subscriptions == 0)
        }
    }

    @Test("a refused subscription is logged once, without its secret, and calls continue")
    func refused() async throws {
        try await HostFixture.run(["depth": script()]) { fixture async throws in
            for number: Int64 in 0..<3 {
                _ = fixture.host.subscribe(
                    type: "depth", config: PluginConfig(["other": .integer(number), "password": "hunter2-hunter2"]),
                    targetType: .value
                ) { _ in Issue.record("nothing is pushed") }
            }
            let note = await fixture.log.wait { $0.message.hasPrefix("plugin cannot push a config") }
            #expect(note.metadata["reason"]?.contains("cannot_subscribe") == true)
            #expect(note.metadata["reason"]?.contains("hunter2") == false)
            let reading = try await fixture.host.read(
                type: "depth", config: ["value": 3], targetType: .value, timeout: .seconds(60))
            #expect(reading.value == 3)
            #expect(fixture.log.records.count { $0.message.hasPrefix("plugin cannot push a config") } == 1)
        }
    }

    @Test("a plugin without the subscribe capability is not subscribed to")
    func unable() async throws {
        let script = PluginScript(types: ["depth"])
        try await HostFixture.run(["depth": script]) { fixture async throws in
            _ = fixture.host.subscribe(type: "depth", config: PluginConfig(["value": 1]), targetType: .value) { _ in
                Issue.record("nothing is pushed")
            }
            let reading = try await fixture.host.read(
                type: "depth", config: ["value": 3], targetType: .value, timeout: .seconds(60))
            #expect(reading.value == 3)
            #expect(!fixture.log.records.contains { $0.message.hasPrefix("plugin cannot push a config") })
        }
    }
}

extension [PluginConnection.Action] {
    /// The values of each delivery, by subscription.
    fileprivate var pushed: [[Int64: Double]] {
        compactMap { action in
            guard case .pushed(let readings) = action else { return nil }
            return Dictionary(uniqueKeysWithValues: readings.map { ($0.subscription, $0.reading.value) })
        }
    }
}
