import PluginProtocol
import Synchronization
import Testing
import WireFormats

@testable import PluginSDK

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Calls that wait for descriptors, in a loop with real pipes.
@Suite(.timeLimit(.minutes(5))) struct SocketWaitTests {
    @Test("a call waits for a socket without delaying other calls, and continues when the socket is readable")
    func callWaitsSocket() async throws {
        let plugin = try WaitingPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(SessionScript.call(1, deadlineMs: 60_000))
            await plugin.started.wait()
            host.send(#"{"jsonrpc":"2.0","id":2,"method":"validate_config","params":{"type":"test","config":{}}}"#)
            #expect(try await host.receive().id == 2)
            plugin.pipe.writeByte()
            guard case .result(1, let json) = try await host.receive() else { throw SessionScript.Unexpected() }
            #expect(try MetricReading(JSONReader(json)).value == Double(POLLIN))
        }
    }

    @Test("each of several calls that wait for one socket continues")
    func severalCallsWait() async throws {
        let plugin = try WaitingPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            for id in 1...3 { host.send(SessionScript.call(id, deadlineMs: 60_000)) }
            await plugin.started.wait()
            plugin.pipe.writeByte()
            var ids: Set<Int64?> = []
            for _ in 1...3 { ids.insert(try await host.receive().id) }
            #expect(ids == [1, 2, 3])
        }
    }

    @Test("a wait ends at its limit, before the call's deadline")
    func waitEndsLimit() async throws {
        let plugin = try WaitingPlugin(limit: .milliseconds(15))
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(SessionScript.call(1, deadlineMs: 60_000))
            #expect(try await host.receive().error?.kind == .noData)
        }
    }

    @Test("cancelling a call ends its wait")
    func cancellingCallEnds() async throws {
        let plugin = try WaitingPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(SessionScript.call(1, deadlineMs: 60_000))
            await plugin.started.wait()
            host.send(#"{"jsonrpc":"2.0","method":"cancel","params":{"id":1}}"#)
            #expect(try await host.receive().error?.kind == .cancelled)
            await plugin.ended.wait()
        }
    }

    @Test("a wait that begins on another thread wakes the loop")
    func waitBeginsAnother() async throws {
        let executor = try LoopExecutor()
        let pipe = try Pipe()
        #expect(executor.prepareToSleep())
        let wait = Task { await executor.readiness(of: pipe.readEnd, for: Int16(POLLIN), until: .now + .seconds(60)) }
        var entries = [pollfd(fd: executor.wakeUpDescriptor, events: Int16(POLLIN), revents: 0)]
        while entries[0].revents == 0 {
            Descriptor.wait(for: &entries, timeout: .zero)
            await Task.yield()
        }
        let (waits, limit) = executor.currentWaits()
        #expect(waits.count == 1 && limit != nil)
        executor.end(waits[0].token, with: Int16(POLLIN))
        // The second end has no effect.
        executor.end(waits[0].token, with: nil)
        #expect(await wait.value == Int16(POLLIN))
    }

    @Test("a request that no loop runs waits too, until its limit or its cancellation")
    func requestLoopRuns() async throws {
        let pipe = try Pipe()
        func wait(_ limit: Duration) async -> Int16? {
            await PeriodicWaits().readiness(of: pipe.readEnd, for: Int16(POLLIN), until: .now + limit)
        }
        #expect(await wait(.milliseconds(5)) == nil)
        let cancelled = Task { await wait(.seconds(60)) }
        cancelled.cancel()
        #expect(await cancelled.value == nil)
        pipe.writeByte()
        #expect(await wait(.seconds(60)) == Int16(POLLIN))
    }
}

/// Waits until its pipe is readable.
private struct WaitingPlugin: MetricPlugin {
    struct Config: MetricConfig {}

    static let metricType = "test"
    static let description = "A plugin that waits for a pipe."
    static let version = "1.0.0"
    static let defaultTargetType = TargetType.value
    static let maxInFlight = 4

    let pipe: Pipe
    let started = Event()
    let ended = Event()
    private let limit: Duration

    init() throws { try self.init(limit: .seconds(60)) }

    init(limit: Duration) throws {
        pipe = try Pipe()
        self.limit = limit
    }

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        started.signal()
        let end = ContinuousClock.now + limit
        let events = await request.sockets.readiness(of: pipe.readEnd, for: Int16(POLLIN), until: end)
        ended.signal()
        guard let events else { throw PluginError(.noData, "nothing arrived") }
        return MetricReading(Double(events))
    }
}
