import PluginSDK
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_keda

@Suite("streams of external scalers", .timeLimit(.minutes(3)), .serialized)
struct KedaStreamTests {
    /// Reads a stream to its end, and returns why it ended.
    private func ending(
        _ subscribe: () async throws -> AsyncThrowingStream<MetricReading, any Error>
    ) async -> PluginError? {
        do {
            for try await _ in try await subscribe() {}
            return nil
        } catch {
            return error as? PluginError
        }
    }

    @Test("a subscription has the present reading, then one after each change of the activity")
    func activity() async throws {
        try await ExternalScaler.run { scaler in
            let plugin = KedaPlugin()
            var readings = try await plugin.subscribe(scaler.fields()).makeAsyncIterator()
            let first = try await readings.next()
            #expect(first?.value == 0 && first?.isActive == false)
            try await scaler.process.outputLine { $0 == "stream of billing" }
            for (value, isActive) in [(7, true), (0, false), (3, true)] {
                let change: JSON = ["value": .integer(Int64(value)), "active": .bool(isActive)]
                _ = try await plugin.value(scaler.fields(ExternalScaler.setting(change)))
                let pushed = try await readings.next()
                #expect(pushed?.value == Double(value) / 5 && pushed?.isActive == isActive)
            }
            // One for requests, one for streams.
            #expect(plugin.channelCount == 2)
        }
    }

    @Test("a new target of a scaler that reports targets is read at once")
    func targets() async throws {
        try await ExternalScaler.run { scaler in
            let plugin = KedaPlugin()
            let setUp = ExternalScaler.setting(["value": 12, "active": true])
            _ = try await plugin.value(scaler.fields(setUp))
            var readings = try await plugin.subscribe(scaler.fields()).makeAsyncIterator()
            #expect(try await readings.next()?.value == 2.4)
            try await scaler.process.outputLine { $0 == "stream of targets of billing" }
            _ = try await plugin.value(scaler.fields(ExternalScaler.setting(["target": 3])))
            let pushed = try await readings.next()
            #expect(pushed?.value == 4 && pushed?.isActive == true)
        }
    }

    @Test("a scaler without streams is refused as one that cannot be subscribed to, and is still polled")
    func unimplemented() async throws {
        try await ExternalScaler.run(["--without", "StreamIsActive", "--without", "StreamMetricSpec"]) { scaler in
            let plugin = KedaPlugin()
            // The scaler's answer comes before or after the first reading.
            let error = await ending { try await plugin.subscribe(scaler.fields()) }
            #expect(
                error?.kind == .cannotSubscribe && error?.message.contains("StreamIsActive") == true, "\(error as Any)")
            let polled = try await plugin.value(scaler.fields())
            #expect(polled.value == 0)
        }
    }

    @Test("a scaler without StreamMetricSpec still pushes its activity")
    func withoutTargets() async throws {
        try await ExternalScaler.run(["--without", "StreamMetricSpec"]) { scaler in
            let plugin = KedaPlugin()
            var readings = try await plugin.subscribe(scaler.fields()).makeAsyncIterator()
            _ = try await readings.next()
            try await scaler.process.outputLine { $0 == "stream of billing" }
            _ = try await plugin.value(scaler.fields(ExternalScaler.setting(["active": true])))
            #expect(try await readings.next()?.isActive == true)
        }
    }

    @Test("streams up to the server's limit are opened, further ones are refused, and requests are still answered")
    func limit() async throws {
        try await ExternalScaler.run(["--max-streams", "5", "--without", "StreamMetricSpec"]) { scaler in
            let plugin = KedaPlugin()
            var open: [AsyncThrowingStream<MetricReading, any Error>] = []
            for index in 0..<5 {
                open.append(try await plugin.subscribe(scaler.fields(name: "n\(index)")))
                try await scaler.process.outputLine { $0 == "stream of n\(index)" }
            }
            let error = await #expect(throws: PluginError.self) {
                _ = try await plugin.subscribe(scaler.fields(name: "n5"))
            }
            #expect(
                error?.kind == .cannotSubscribe && error?.message.contains("allows 5 streams") == true,
                "\(error as Any)")
            #expect(try await plugin.value(scaler.fields(name: "n5")).value == 0)
            // A stream that ends makes place.
            open.removeLast()
            var reopened: AsyncThrowingStream<MetricReading, any Error>?
            while reopened == nil {
                try Task.checkCancellation()
                reopened = try? await plugin.subscribe(scaler.fields(name: "n6"))
            }
            try await scaler.process.outputLine { $0 == "stream of n6" }
            withExtendedLifetime((open, reopened)) {}
        }
    }

    @Test("the newest streams end if the server allows fewer than are open")
    func lateLimit() throws {
        let slots = StreamSlots()
        let (ended, continuation) = AsyncStream<Int>.makeStream()
        var taken: [Int] = []
        for index in 0..<4 { taken.append(try slots.take { _ in continuation.yield(index) }) }
        slots.limit(to: 2)
        continuation.finish()
        #expect(throws: PluginError.self) { try slots.take { _ in } }
        slots.giveBack(taken[0])
        slots.giveBack(taken[3])
        _ = try slots.take { _ in }
        #expect(throws: PluginError.self) { try slots.take { _ in } }
        slots.limit(to: 1 << 32 - 1)
        _ = try slots.take { _ in }
        _ = ended
    }

    @Test("streams for changes of targets take at most a quarter of those that the server allows")
    func targetShare() throws {
        let slots = StreamSlots()
        slots.limit(to: 8)
        _ = try slots.take(share: KedaLimits.specStreamShare) { _ in }
        _ = try slots.take(share: KedaLimits.specStreamShare) { _ in }
        #expect(throws: PluginError.self) { try slots.take(share: KedaLimits.specStreamShare) { _ in } }
        _ = try slots.take { _ in }
    }

    @Test("a stream ends with an error if the scaler goes away, so that the host subscribes again")
    func lost() async throws {
        let plugin = KedaPlugin()
        let (streams, opened) = AsyncStream<AsyncThrowingStream<MetricReading, any Error>>.makeStream()
        try await ExternalScaler.run { scaler in
            opened.yield(try await plugin.subscribe(scaler.fields()))
            opened.finish()
            try await scaler.process.outputLine { $0 == "stream of billing" }
        }
        for await stream in streams {
            let error = await ending { stream }
            #expect(error?.kind == .sourceUnreachable, "\(error as Any)")
        }
    }

    @Test("a subscription fails if the scaler cannot be read")
    func unreadable() async throws {
        try await ExternalScaler.run { scaler in
            let error = await #expect(throws: PluginError.self) {
                _ = try await KedaPlugin().subscribe(scaler.fields(["fault": "GetMetrics=UNAVAILABLE"]))
            }
            #expect(error?.kind == .sourceUnreachable)
        }
    }

    @Test("a message without a reading pushes nothing, and the stream goes on")
    func unreadableChange() async throws {
        try await ExternalScaler.run { scaler in
            let plugin = KedaPlugin()
            var readings = try await plugin.subscribe(scaler.fields()).makeAsyncIterator()
            _ = try await readings.next()
            try await scaler.process.outputLine { $0 == "stream of billing" }
            _ = try? await plugin.value(scaler.fields(ExternalScaler.setting(["active": true, "target": 0])))
            _ = try await plugin.value(
                scaler.fields(ExternalScaler.setting(["active": false, "target": 2, "value": 1])))
            let pushed = try await readings.next()
            #expect(pushed?.isActive == false && pushed?.value == 0.5, "\(pushed as Any)")
        }
    }
}
