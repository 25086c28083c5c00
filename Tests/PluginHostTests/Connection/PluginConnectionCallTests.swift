import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

@Suite("Calls of a plugin connection")
struct PluginConnectionCallTests {
    @Test("calls made before the end of the handshake are sent after it, in order")
    func beforeHandshake() {
        var conversation = Conversation(nil)
        let (first, actions) = conversation.call()
        #expect(actions.isEmpty)
        let second = conversation.call().id
        let ready = conversation.receive(line: Conversation.handshake(PluginCapabilities(maxInFlight: 2)))
        #expect(ready.written.map { $0["id"] } == [.integer(first), .integer(second)])
    }

    @Test("the number of calls in flight stays within the plugin's maxInFlight, which is one by default")
    func maxInFlight() {
        var conversation = Conversation()
        let (first, sent) = conversation.call()
        let (second, held) = conversation.call()
        #expect(sent.written.count == 1)
        #expect(held.isEmpty)
        #expect(conversation.connection.waiting == 1)
        #expect(conversation.receive(line: Conversation.reading(first)).written.map { $0["id"] } == [.integer(second)])
    }

    @Test("the operator's limit on calls in flight applies if it is lower than the plugin's")
    func manifestBound() {
        var conversation = Conversation(PluginCapabilities(maxInFlight: 8), maxInFlight: 2)
        for _ in 0..<5 { _ = conversation.call() }
        #expect(conversation.connection.inFlight == 2)
    }

    @Test("a request line is ASCII and contains the time left for the answer")
    func line() throws {
        var conversation = Conversation()
        let id = conversation.connection.reserveID()
        let request = PluginRequest.getMetricValue(type: "t", config: ["k": "ä"], targetType: .averageValue)
        let actions = conversation.connection.submit(request, id: id, timeout: .seconds(1), now: .zero)
        guard case .write(let bytes) = try #require(actions.first) else { return }
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"jsonrpc":"2.0","id":2,"method":"get_metric_value","params":{"type":"t","config":{"k":"\u00e4"},"#
                + #""targetType":"AverageValue","deadlineMs":900}}"# + "\n")
    }

    @Test("a call that finds a full queue fails immediately")
    func fullQueue() {
        var conversation = Conversation()
        for _ in 0...PluginHostLimits.maxQueuedCalls { _ = conversation.call() }
        let (id, actions) = conversation.call()
        #expect(actions.failures[id]?.kind == .busy)
    }

    @Test("a request that is larger than the plugin accepts fails, and the next one is sent")
    func tooLarge() {
        var conversation = Conversation()
        let id = conversation.connection.reserveID()
        let config: JSON = ["k": .string(String(repeating: "x", count: ProtocolLimits.maxRequestBytes))]
        let actions = conversation.connection.submit(
            .getMetricValue(type: "t", config: config, targetType: .value), id: id, timeout: .seconds(1), now: .zero)
        #expect(actions.failures[id]?.kind == .requestTooLarge)
        #expect(conversation.call().actions.written.count == 1)
    }

    @Test("a plugin's error reaches its caller with its kind")
    func pluginError() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let actions = conversation.receive(
            line: [
                "jsonrpc": "2.0", "id": .integer(id),
                "error": ["code": 1005, "message": "slow down", "data": ["retryAfterMs": 1500]],
            ])
        #expect(actions.failures[id]?.kind == .answered(PluginError(.rateLimited, "slow down", retryAfterMs: 1_500)))
        #expect(actions.failures[id]?.retryAfter == .milliseconds(1_500))
    }

    @Test("an error with a null id answers the only call in flight, and no call if there are two")
    func nullID() {
        let error: JSON = ["jsonrpc": "2.0", "id": nil, "error": ["code": -32_700, "message": "what?"]]
        var conversation = Conversation(PluginCapabilities(maxInFlight: 2))
        let (id, _) = conversation.call()
        #expect(conversation.receive(line: error).failures[id]?.kind == .answered(PluginError(.parseError, "what?")))
        _ = conversation.call()
        _ = conversation.call()
        #expect(conversation.receive(line: error) == [.log(.extraAnswer(id: nil, isRepeated: false))])
        #expect(conversation.connection.counters.unknownAnswers == 1)
    }

    @Test("answers with an unknown or repeated id are counted, logged and dropped")
    func strayIDs() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        #expect(conversation.receive(line: Conversation.reading(99)) == [.log(.extraAnswer(id: 99, isRepeated: false))])
        #expect(conversation.receive(line: Conversation.reading(0)) == [.log(.extraAnswer(id: 0, isRepeated: false))])
        #expect(conversation.receive(line: Conversation.reading(id)).values == [id: 1])
        #expect(
            conversation.receive(line: Conversation.reading(id, 2)) == [.log(.extraAnswer(id: id, isRepeated: true))])
        let counters = conversation.connection.counters
        #expect(counters.unknownAnswers == 2)
        #expect(counters.duplicateAnswers == 1)
        #expect(counters.answers == 1)
    }

    @Test("a call that its caller cancels fails, and a plugin with the cancel capability is notified")
    func cancelled() {
        var conversation = Conversation(PluginCapabilities(cancel: true))
        let sent = conversation.call().id
        let waiting = conversation.call().id
        let first = conversation.connection.cancel(sent, now: .zero)
        #expect(first.failures[sent]?.kind == .cancelled)
        #expect(first.written == [["jsonrpc": "2.0", "method": "cancel", "params": ["id": .integer(sent)]]])
        let second = conversation.connection.cancel(waiting, now: .zero)
        #expect(second.failures[waiting]?.kind == .cancelled)
        #expect(second.written.isEmpty)
        #expect(conversation.connection.cancel(waiting, now: .zero).isEmpty)
        // The plugin still works on the first call.
        #expect(conversation.connection.inFlight == 1)
        #expect(conversation.receive(line: Conversation.reading(sent)).values.isEmpty)
        #expect(conversation.connection.counters.lateAnswers == 1)
    }

    @Test("stopping a plugin fails its open calls and sends shutdown")
    func stop() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let actions = conversation.connection.stop(now: .zero)
        #expect(actions.failures[id]?.kind == .notRunning)
        #expect(actions.written.first?["method"] == "shutdown")
        #expect(conversation.call().actions.failures.values.first?.kind == .notRunning)
        #expect(conversation.receive(line: Conversation.reading(id)).isEmpty)
    }

    @Test("the end of the plugin process fails every call once")
    func ended() {
        var conversation = Conversation(PluginCapabilities(maxInFlight: 2))
        let ids = (0..<3).map { _ in conversation.call().id }
        let failure = PluginFailure(.crashed, plugin: "p", "gone")
        #expect(
            conversation.connection.end(failure).failures == Dictionary(uniqueKeysWithValues: ids.map { ($0, failure) })
        )
        #expect(conversation.connection.end(failure).isEmpty)
    }

    @Test("a stdout that closes while the process runs fails all calls and ends the process")
    func outputClosed() {
        var conversation = Conversation()
        let (id, _) = conversation.call()
        let actions = conversation.connection.outputClosed()
        #expect(actions.failures[id]?.kind == .protocolViolation)
        #expect(actions.givenUp != nil)
    }
}
