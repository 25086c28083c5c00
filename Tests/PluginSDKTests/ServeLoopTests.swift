import PluginProtocol
import Synchronization
import Testing
import WireFormats

@testable import PluginSDK

/// The loop with real pipes in this process.
@Suite(.timeLimit(.minutes(5))) struct ServeLoopTests {
    @Test("a call line is answered with a line")
    func callLineAnswered() async throws {
        try await withLoop(EchoPlugin()) { host in
            host.send(SessionScript.initialize)
            #expect(try await host.receive().id == 0)
            host.send(SessionScript.call(1))
            let answer = try await host.receive()
            guard case .result(1, let json) = answer else { throw SessionScript.Unexpected() }
            #expect(try MetricReading(JSONReader(json)).value == 7)
        }
    }

    @Test("calls sent in one write are all answered")
    func callsSentWrite() async throws {
        try await withLoop(EchoPlugin()) { host in
            host.send(([SessionScript.initialize] + (1...16).map { SessionScript.call($0) }).joined(separator: "\n"))
            _ = try await host.receive()
            var ids: Set<Int64?> = []
            for _ in 1...16 { ids.insert(try await host.receive().id) }
            #expect(ids == Set((1...16).map(Int64.init)))
        }
    }

    @Test("a waiting call does not delay other calls, and cancelling it cancels its task")
    func waitingCallDelay() async throws {
        let plugin = BlockingPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(SessionScript.call(1, deadlineMs: 60_000))
            await plugin.started.wait()
            host.send(#"{"jsonrpc":"2.0","id":2,"method":"validate_config","params":{"type":"test","config":{}}}"#)
            #expect(try await host.receive().id == 2)
            host.send(#"{"jsonrpc":"2.0","method":"cancel","params":{"id":1}}"#)
            #expect(try await host.receive().error?.kind == .cancelled)
            await plugin.cancelled.wait()
        }
    }

    @Test("at its deadline a call is answered with an error and its task is cancelled")
    func deadlineCallAnswered() async throws {
        let plugin = BlockingPlugin()
        try await withLoop(plugin) { host in
            try await host.initialize()
            host.send(SessionScript.call(1, deadlineMs: 20))
            #expect(try await host.receive().error?.kind == .deadlineExceeded)
            await plugin.cancelled.wait()
        }
    }

    @Test("an invalid config fails the call with the path of its first problem")
    func invalidConfigFails() async throws {
        try await withLoop(EchoPlugin()) { host in
            try await host.initialize()
            host.send(SessionScript.call(1).replacing(#""config":{}"#, with: #""config":{"nope":1}"#))
            let error = try await host.receive().error
            #expect(error?.kind == .configInvalid)
            #expect(error?.path == "nope")
        }
    }

    @Test("plugin errors keep their kind, and other errors are reported as internal")
    func pluginErrorsKeep() async throws {
        try await withLoop(FailingPlugin()) { host in
            try await host.initialize()
            host.send(SessionScript.call(1))
            let known = try await host.receive().error
            #expect(known == PluginError(.rateLimited, "slow down", retryAfterMs: 250))
            host.send(SessionScript.call(2).replacing(#""config":{}"#, with: #""config":{"unknown":true}"#))
            #expect(try await host.receive().error?.kind == .internalError)
        }
    }

    @Test("the serve loop ends at shutdown")
    func serveLoopEnds() async throws {
        try await withLoop(EchoPlugin()) { host in
            try await host.initialize()
            host.send(#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#)
            #expect(try await host.receive() == .result(id: 1, [:]))
            try await host.receiveEnd()
        }
    }

    @Test("the serve loop answers calls in flight at the end of its input and ends")
    func serveLoopAnswers() async throws {
        try await withLoop(EchoPlugin()) { host in
            host.send(SessionScript.initialize + "\n" + SessionScript.call(1))
            host.endInput()
            #expect(try await host.receive().id == 0)
            #expect(try await host.receive().id == 1)
            try await host.receiveEnd()
        }
    }
}

private struct EchoPlugin: MetricPlugin {
    struct Config: MetricConfig {
        @Field("A number.") var number = 7.0
    }

    static let metricType = "test"
    static let description = "A number."
    static let version = "1"
    static let defaultTargetType = TargetType.value
    static let maxInFlight = 16

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        await Task.yield()
        return MetricReading(request.config.number)
    }
}

private struct FailingPlugin: MetricPlugin {
    struct Config: MetricConfig {
        @Field("Which.") var unknown = false
    }

    struct Unknown: Error {}

    static let metricType = "test"
    static let description = "Fails."
    static let version = "1"
    static let defaultTargetType = TargetType.value

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        if request.config.unknown { throw Unknown() }
        throw PluginError(.rateLimited, "slow down", retryAfterMs: 250)
    }
}

/// A plugin whose calls wait until they are cancelled.
private struct BlockingPlugin: MetricPlugin {
    struct Config: MetricConfig {}

    static let metricType = "test"
    static let description = "Waits."
    static let version = "1"
    static let defaultTargetType = TargetType.value

    let started = Event()
    let cancelled = Event()

    func value(for request: MetricRequest<Config>) async throws -> MetricReading {
        let forever = Event()
        await withTaskCancellationHandler {
            started.signal()
            await forever.wait()
        } onCancel: {
            forever.signal()
        }
        cancelled.signal()
        throw CancellationError()
    }
}
