import PluginProtocol
import TestSupport
import Testing
import WireFormats

@testable import PluginHost

@Suite("Batches and histories", .timeLimit(.minutes(5)))
struct BatchTests {
    private func conversation() -> Conversation {
        Conversation(PluginCapabilities(maxInFlight: 1, cancel: true, batch: true))
    }

    private func answer(_ id: Int64, _ answers: [JSON]) -> JSON {
        ["jsonrpc": "2.0", "id": .integer(id), "result": ["answers": .array(answers)]]
    }

    private let reading: JSON = ["value": 1, "observedAt": "2026-01-01T00:00:00Z"]

    @Test("queued calls are sent as one batch, and each caller gets its own answer or error")
    func together() {
        var conversation = conversation()
        let first = conversation.call()
        #expect(first.actions.written.first?["method"] == "get_metric_value")
        let waiting = (0..<3).map { _ in conversation.call().id }
        let sent = conversation.receive(line: Conversation.reading(first.id))
        let batch = sent.written.first
        #expect(batch?["method"] == "get_metric_values")
        #expect(batch?["params"]?["type"] == "t")
        #expect(batch?["params"]?["deadlineMs"] == 9_750)
        #expect(
            batch?["params"]?["requests"]
                == .array(.init(repeating: ["config": ["k": 1], "targetType": "Value"], count: 3)))
        #expect(conversation.connection.inFlight == 1 && conversation.connection.waiting == 0)
        let error: JSON = ["error": ["code": 1006, "message": "empty"]]
        let id = batch?["id"]?.intValue.map(Int64.init) ?? 0
        #expect(id > (waiting.last ?? 0))
        let actions = conversation.receive(line: answer(id, [reading, error, reading]))
        #expect(actions.values.keys.sorted() == [waiting[0], waiting[2]])
        #expect(actions.failures[waiting[1]]?.reason == "no_data")
        #expect(conversation.connection.isIdle)
    }

    @Test(
        "each call in a batch keeps its own deadline and can be cancelled, and the remaining calls are still answered")
    func deadlines() {
        var conversation = conversation()
        let first = conversation.call()
        let short = conversation.call(timeout: .seconds(1)).id
        let cancelled = conversation.call().id
        let long = conversation.call().id
        let id = conversation.receive(line: Conversation.reading(first.id)).written.first?["id"]?.intValue ?? 0
        #expect(
            conversation.connection.cancel(cancelled, now: conversation.now).failures[cancelled]?.kind == .cancelled)
        #expect(conversation.advance(.seconds(1)).failures[short]?.kind == .deadlineExceeded)
        let actions = conversation.receive(line: answer(Int64(id), [reading, reading, reading]))
        #expect(actions.values == [long: 1])
        #expect(conversation.connection.counters.lateAnswers == 2)
        #expect(conversation.connection.isIdle)
    }

    @Test("an unanswered batch is cancelled at its deadline, without other messages")
    func unanswered() {
        var conversation = conversation()
        let first = conversation.call()
        let members = (0..<2).map { _ in conversation.call().id }
        let id = conversation.receive(line: Conversation.reading(first.id)).written.first?["id"]
        let actions = conversation.advance(.seconds(10))
        #expect(actions.failures.keys.sorted() == members)
        #expect(actions.written.map { $0["params"]?["id"] } == [id])
        #expect(conversation.connection.counters.missedDeadlines == 2)
    }

    @Test(
        "a wrong answer to a batch, an error and the end of the process fail each call in the batch once",
        arguments: 0..<4)
    func failures(kind: Int) {
        var conversation = conversation()
        let first = conversation.call()
        let members = (0..<2).map { _ in conversation.call().id }
        let id = Int64(conversation.receive(line: Conversation.reading(first.id)).written.first?["id"]?.intValue ?? 0)
        let actions =
            switch kind {
            case 0: conversation.receive(line: answer(id, [reading]))
            case 1: conversation.receive(line: Conversation.reading(id))
            case 2:
                conversation.receive(
                    line: ["jsonrpc": "2.0", "id": .integer(id), "error": ["code": -32603, "message": "no"]])
            default: conversation.connection.end(PluginFailure(.crashed, plugin: "p", "gone"))
            }
        #expect(actions.failures.keys.sorted() == members)
        #expect(actions.count { if case .complete = $0 { true } else { false } } == 2)
        #expect(conversation.connection.isIdle)
    }

    @Test("calls of another type, and calls that do not fit into a batch, wait for the next batch")
    func bounds() {
        var conversation = Conversation(
            PluginCapabilities(maxInFlight: 1, batch: true, maxRequestBytes: ProtocolLimits.maxRequestBytes))
        func submit(_ type: String, padding: Int) -> Int64 {
            let id = conversation.connection.reserveID()
            let config: JSON = ["x": .string(String(repeating: "x", count: padding))]
            let actions = conversation.connection.submit(
                .getMetricValue(type: type, config: config, targetType: .value), id: id, timeout: .seconds(10),
                now: conversation.now)
            for case .write(let bytes) in actions { _ = conversation.connection.wrote(bytes.count, now: .zero) }
            return id
        }
        var last = submit("t", padding: 1)
        _ = [
            submit("t", padding: 25_000), submit("t", padding: 25_000), submit("t", padding: 25_000),
            submit("u", padding: 1),
        ]
        var sizes: [Int] = []
        for _ in 0..<3 {
            let actions =
                sizes.last.map { $0 > 1 } == true
                ? conversation.receive(line: answer(last, .init(repeating: reading, count: sizes.last ?? 0)))
                : conversation.receive(line: Conversation.reading(last))
            guard let sent = actions.written.first else { break }
            #expect("\(sent)".utf8.count <= ProtocolLimits.maxRequestBytes)
            sizes.append(sent["params"]?["requests"]?.arrayValue?.count ?? 1)
            last = Int64(sent["id"]?.intValue ?? 0)
        }
        #expect(sizes == [2, 1, 1])
    }

    @Test("a batch of any configs is valid JSON with each request in its place")
    func encoding() throws {
        let configs: [JSON] = [[:], ["a": ["b": "\"}]\u{2028}"]], ["type": "x"]]
        let requests = configs.map { PluginRequest.getMetricValue(type: "té", config: $0, targetType: .averageValue) }
        let line = try JSON(parsing: PluginRequest.batch(requests).line(id: 7, deadlineMs: 5))
        #expect(line["id"] == 7 && line["jsonrpc"] == "2.0" && line["params"]?["type"] == "té")
        #expect(line["params"]?["requests"]?.arrayValue?.map { $0["config"] } == configs)
        #expect(line["params"]?["deadlineMs"] == 5)
    }

    @Test("a history is read from a plugin that keeps one, and any other plugin reports that it has none")
    func range() async throws {
        let historian = PluginScript(
            types: ["old"], capabilities: #"{"range": True}"#,
            body: """
                    if m["method"] == "get_metric_range":
                        p = m["params"]
                        ok(m, {"points": [{"at": p["from"], "value": p["stepSeconds"]}, {"at": p["to"], "value": 2}]})
                """)
        try await HostFixture.run(["old": historian, "new": PluginScript(types: ["new"])]) { fixture async throws in
            let window = try #require(
                RangeWindow(fromMicroseconds: 0, toMicroseconds: 60_000_000, stepSeconds: 30))
            let range = try await fixture.host.readRange(
                type: "old", config: PluginConfig([:]), targetType: .value, window: window, timeout: .seconds(30))
            #expect(range.points.map(\.value) == [30, 2])
            #expect(range.points.map(\.atMicroseconds) == [0, 60_000_000])
            let failure = await #expect(throws: PluginFailure.self) {
                try await fixture.host.readRange(
                    type: "new", config: PluginConfig([:]), targetType: .value, window: window, timeout: .seconds(30))
            }
            #expect(failure?.kind == .notSupported)
        }
    }

    @Test("latency percentiles cover the last thousand answers")
    func percentiles() {
        var window = LatencyWindow()
        #expect(LatencyWindow.percentiles(of: [window]) == nil)
        for _ in 0..<5_000 { window.record(.seconds(100)) }
        for milliseconds in 1...LatencyWindow.capacity { window.record(.milliseconds(milliseconds)) }
        let latency = LatencyWindow.percentiles(of: [window])
        #expect(latency.map { abs($0.p50 / .milliseconds(1) - 512) < 0.01 } == true)
        #expect(latency.map { abs($0.p99 / .milliseconds(1) - 1_014) < 0.01 } == true)
    }
}
