import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

@Suite("Deadlines of a plugin connection")
struct PluginConnectionTimeTests {
    @Test("a call fails at its deadline, and its slot stays taken until the plugin answers")
    func deadline() {
        var conversation = Conversation(PluginCapabilities(cancel: true))
        let (id, _) = conversation.call(timeout: .seconds(5))
        #expect(conversation.connection.nextWake == .seconds(5))
        #expect(conversation.advance(.seconds(4)).isEmpty)
        let actions = conversation.advance(.seconds(1))
        #expect(actions.failures[id]?.kind == .deadlineExceeded)
        #expect(actions.written.first?["method"] == "cancel")
        #expect(conversation.connection.inFlight == 1)
        #expect(conversation.receive(line: Conversation.reading(id)).values.isEmpty)
        #expect(conversation.connection.inFlight == 0)
        #expect(conversation.connection.counters.lateAnswers == 1)
        #expect(conversation.connection.counters.missedDeadlines == 1)
    }

    @Test("a call whose deadline passes in the queue is never sent")
    func waitingDeadline() {
        var conversation = Conversation()
        let first = conversation.call(timeout: .seconds(60)).id
        let (second, _) = conversation.call(timeout: .seconds(1))
        let actions = conversation.advance(.seconds(1))
        #expect(actions.failures[second]?.message.contains("was still queued") == true)
        #expect(conversation.receive(line: Conversation.reading(first)).written.isEmpty)
    }

    @Test("a call that waited in the queue is sent with the time that is left")
    func timeLeft() {
        var conversation = Conversation()
        let first = conversation.call().id
        _ = conversation.call(timeout: .seconds(10))
        _ = conversation.advance(.seconds(9))
        let sent = conversation.receive(line: Conversation.reading(first)).written.first
        #expect(sent?["params"]?["deadlineMs"] == 900)
    }

    @Test("a call without an answer ends the process after three times its timeout")
    func hung() {
        var conversation = Conversation()
        _ = conversation.call(timeout: .seconds(5))
        #expect(conversation.advance(.seconds(5)).givenUp == nil)
        #expect(conversation.advance(.seconds(5)).givenUp == nil)
        #expect(conversation.advance(.seconds(5)).givenUp?.message.contains("3 deadlines in a row") == true)
    }

    @Test("any answer, even a late one, resets the count of missed deadlines")
    func slow() {
        var conversation = Conversation()
        for _ in 0..<10 {
            let (id, _) = conversation.call(timeout: .seconds(5))
            #expect(conversation.advance(.seconds(12)).givenUp == nil)
            _ = conversation.receive(line: Conversation.reading(id))
        }
    }

    @Test("calls that expire in the queue do not count as missed deadlines of the plugin")
    func waitingIsNotMissing() {
        var conversation = Conversation()
        _ = conversation.call(timeout: .seconds(60))
        for _ in 0..<10 { _ = conversation.call(timeout: .seconds(1)) }
        let actions = conversation.advance(.seconds(1))
        #expect(actions.failures.count == 10)
        #expect(actions.givenUp == nil)
    }

    @Test("a plugin that does not read its stdin ends at the write deadline")
    func writeDeadline() {
        var conversation = Conversation()
        let id = conversation.connection.reserveID()
        _ = conversation.connection.submit(
            .getMetricValue(type: "t", config: [:], targetType: .value), id: id, timeout: .seconds(60), now: .zero)
        #expect(conversation.connection.nextWake == PluginHostLimits.writeDeadline)
        // Any progress moves the deadline.
        conversation.now = .seconds(9)
        _ = conversation.connection.wrote(1, now: conversation.now)
        #expect(conversation.advance(.seconds(9)).givenUp == nil)
        #expect(conversation.advance(.seconds(1)).givenUp?.message.contains("did not read its stdin") == true)
    }

    @Test("no further request is written while too many bytes are unread")
    func unwrittenBound() {
        var conversation = Conversation(PluginCapabilities(maxInFlight: 1_000))
        let config: JSON = ["k": .string(String(repeating: "x", count: 50_000))]
        var written = 0
        for _ in 0..<20 {
            let id = conversation.connection.reserveID()
            let actions = conversation.connection.submit(
                .getMetricValue(type: "t", config: config, targetType: .value), id: id, timeout: .seconds(9),
                now: .zero)
            for case .write(let bytes) in actions { written += bytes.count }
        }
        #expect(written < PluginHostLimits.maxUnwrittenBytes + ProtocolLimits.maxRequestBytes)
        #expect(conversation.connection.waiting > 0)
        #expect(conversation.connection.wrote(written, now: .zero).written.isEmpty == false)
    }

    @Test("a process that writes nothing by the initialize deadline has its input closed, and calls keep waiting")
    func handshakeTimeout() {
        var conversation = Conversation(nil)
        let (id, _) = conversation.call(timeout: .seconds(60))
        #expect(conversation.advance(PluginHostLimits.handshakeTimeout - .seconds(1)).isEmpty)
        let actions = conversation.advance(.seconds(1))
        guard case .endInput(let failure) = actions.first, actions.count == 1 else {
            Issue.record("\(actions)")
            return
        }
        #expect(failure.message.contains("did not answer initialize within 30.0 seconds: it wrote nothing to stdout"))
        #expect(conversation.connection.end(failure).failures == [id: failure])
    }

    @Test(
        "an answer to initialize that arrives only after the input was closed is not used, and the error says to flush")
    func keptBack() {
        var conversation = Conversation(nil)
        let (id, _) = conversation.call(timeout: .seconds(60))
        _ = conversation.advance(PluginHostLimits.handshakeTimeout)
        let actions = conversation.receive(line: Conversation.handshake(PluginCapabilities()))
        #expect(actions.givenUp?.message.contains("flush stdout after each line") == true, "\(actions)")
        #expect(actions.failures.keys.sorted() == [id])
    }

    @Test(
        "a process that wrote something but no answer to initialize is ended, and the error names the likely mistake",
        arguments: [
            (#"{"jsonrpc":"2.0","id":1,"result":{}}"#, "End each message with a newline"),
            ("listening on 8080\n", #"the last line is "listening on 8080""#),
            ("Content-Length: 20\r\n\r\n{}", "as in the Language Server Protocol"),
        ])
    func handshakeOfAnotherShape(output: String, hint: String) {
        var conversation = Conversation(nil)
        let (id, _) = conversation.call(timeout: .seconds(60))
        #expect(conversation.receive(output).givenUp == nil)
        let actions = conversation.advance(PluginHostLimits.handshakeTimeout)
        #expect(actions.givenUp?.message.contains(hint) == true, "\(actions)")
        #expect(actions.failures.keys.sorted() == [id])
    }

    @Test(
        "a malformed answer to initialize ends the process immediately instead of at the timeout",
        arguments: [
            (
                #"{"jsonrpc":"2.0","id":"1","result":{}}"#,
                "a whole number, equal to the id of the request, not a string"
            ),
            (#"{"jsonrpc":"2.0","id":0,"result":{}}"#, "has the id 0, and that of the request, initialize, is 1"),
            (#"{"jsonrpc":"2.0","result":{}}"#, "id: is required"),
            (#"{'jsonrpc': '2.0', 'id': 1, 'result': {}}"#, "json.dumps"),
            ("{\n\"jsonrpc\": \"2.0\",\n\"id\": 1,\n\"result\": {}\n}", "over several lines"),
            ("\u{1B}[2J" + #"{"jsonrpc":"2.0","id":1,"result":{}}"#, "terminal escape sequence"),
        ])
    func handshakeAtOnce(output: String, hint: String) {
        var conversation = Conversation(nil)
        let actions = conversation.receive(output + "\n")
        #expect(actions.givenUp?.message.contains(hint) == true, "\(actions)")
    }

    @Test("an answer to initialize in UTF-16 is reported as such", arguments: [true, false])
    func handshakeInUTF16(isLittleEndian: Bool) {
        var conversation = Conversation(nil)
        let text = #"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n"
        let bytes = text.utf16.flatMap { unit in
            isLittleEndian ? [UInt8(unit & 0xFF), UInt8(unit >> 8)] : [UInt8(unit >> 8), UInt8(unit & 0xFF)]
        }
        let actions = conversation.receive(bytes)
        #expect(actions.givenUp?.message.contains("it is UTF-16: write UTF-8") == true, "\(actions)")
    }

    @Test("a call whose deadline passes before the handshake fails with that cause, and not with a full queue")
    func deadlineBeforeHandshake() {
        var conversation = Conversation(nil)
        let (id, _) = conversation.call(timeout: .seconds(9))
        let message = conversation.advance(.seconds(9)).failures[id]?.message
        #expect(message?.contains("has not answered initialize yet") == true)
        #expect(message?.contains("queued") == false)
    }

    @Test("a call whose answer has no newline fails at its deadline with that cause")
    func lineWithoutEnd() {
        var conversation = Conversation()
        let (id, _) = conversation.call(timeout: .seconds(9))
        _ = conversation.receive("\(Conversation.reading(id))")
        #expect(conversation.advance(.seconds(9)).failures[id]?.message.contains("without a newline") == true)
    }
}
